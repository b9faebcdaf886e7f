//! The standard library for WebAssembly.
//!
//! Normally rustup installs it. Where rustup has no network, it is compiled from the sources in
//! Debian's or Ubuntu's packages; see [`crate::wasm_std`].

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{pins, process, wasm_std};

/// Makes sure that the crate can be compiled for Workers.
pub(crate) fn ensure() -> Result<()> {
    if toolchain_has_target() || wasm_std::is_ready() {
        return Ok(());
    }
    let failure = match add_with_rustup() {
        Ok(()) => return Ok(()),
        Err(failure) => failure,
    };
    eprintln!("{failure:#}");
    eprintln!("Trying to compile the standard library from packaged sources instead …");
    wasm_std::build().with_context(|| {
        format!(
            "there is no standard library for {target}. Either give rustup network access and run \
             `rustup target add {target}`, or see the causes below for the packaged one",
            target = pins::WASM_TARGET
        )
    })
}

/// Lets a command that compiles for Workers find the standard library.
pub(crate) fn prepare(command: &mut Command) {
    if !toolchain_has_target() {
        wasm_std::prepare(command);
    }
}

/// Whether the toolchain in use brings the target itself, so that clippy can check for it too.
pub(crate) fn toolchain_has_target() -> bool {
    process::first_line(Command::new("rustc").args([
        "--print",
        "target-libdir",
        "--target",
        pins::WASM_TARGET,
    ]))
    .is_some_and(|folder| holds_std(Path::new(&folder)))
}

fn holds_std(folder: &Path) -> bool {
    folder.read_dir().is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
    })
}

fn add_with_rustup() -> Result<()> {
    eprintln!("Adding the target {} with rustup (once) …", pins::WASM_TARGET);
    process::run(Command::new("rustup").args(["target", "add", pins::WASM_TARGET]))
        .context("rustup could not add the target")
}
