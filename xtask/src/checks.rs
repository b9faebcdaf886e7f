//! Every check and test, in the order in which the pipeline runs them.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};

use crate::artefact::{self, Variant, kib};
use crate::{node, pins, process, repo, setup, stamp, wasm_target};

/// What a visitor's first request has to load: the whole API and its document, with little room, so that growth is
/// noticed. Cloudflare's own limit is 64 MiB before compression.
const GZIP_LIMIT_BYTES: u64 = 1_430 * 1024;

/// Options of `cargo xtask test`.
#[derive(Args)]
pub(crate) struct TestArgs {
    /// Run one half only
    #[arg(long, value_name = "HALF")]
    only: Option<Half>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Half {
    /// Format, lints, licences and the native tests
    Rust,
    /// The artefact under workerd
    Runtime,
}

/// Runs `cargo xtask test`.
pub(crate) fn command(args: &TestArgs) -> Result<()> {
    let started = Instant::now();
    step("install what is missing", "cargo xtask setup", || {
        setup::everything()?;
        ensure_component("rustfmt", "cargo-fmt")?;
        ensure_component("clippy", "cargo-clippy")
    })?;
    if args.only != Some(Half::Runtime) {
        rust_half()?;
    }
    if args.only != Some(Half::Rust) {
        runtime_half()?;
    }
    eprintln!("\nEverything passed in {} s.", started.elapsed().as_secs());
    Ok(())
}

fn rust_half() -> Result<()> {
    cargo_step("format", &["fmt", "--all", "--check"])?;
    cargo_step(
        "lints, native",
        &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
    )?;
    cargo_step(
        "lints, the fake Stripe's server",
        &[
            "clippy",
            "-p",
            "fake-stripe",
            "--features",
            "server",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
    )?;
    lints_for_wasm()?;
    licences_and_sources()?;
    cargo_step("native tests", &["test", "--workspace", "--locked"])?;
    cargo_step(
        "native tests, the fake Stripe's server",
        &["test", "-p", "fake-stripe", "--features", "server", "--locked"],
    )
}

fn runtime_half() -> Result<()> {
    step("artefact", "cargo xtask build", || {
        let sizes = artefact::build(Variant::Deployed)?;
        require_small(sizes.gzip_bytes)
    })?;
    step("artefact with the panic probe", "cargo xtask build --panic-probe", || {
        artefact::build(Variant::PanicProbe).map(|_| ())
    })?;
    cargo_step("fake Stripe", &["build", "--locked", "-p", "fake-stripe", "--features", "server"])?;
    real_runtime()
}

fn lints_for_wasm() -> Result<()> {
    if !wasm_target::toolchain_has_target() {
        eprintln!(
            "\n== lints, WebAssembly: skipped, since clippy needs `rustup target add {}`",
            pins::WASM_TARGET
        );
        return Ok(());
    }
    let target = ["clippy", "--target", pins::WASM_TARGET, "--lib", "--locked"];
    cargo_step("lints, WebAssembly", &[&target[..], &["--", "-D", "warnings"]].concat())
}

fn licences_and_sources() -> Result<()> {
    // The list of advisories comes from the network, which a test may not depend on.
    let with_advisories = std::env::var("CARGO_DENY_ADVISORIES").is_ok_and(|value| value == "1");
    let mut args = vec!["deny", "--locked", "check", "bans", "licenses", "sources"];
    if with_advisories {
        args.push("advisories");
    }
    cargo_step("licences and sources", &args)
}

fn real_runtime() -> Result<()> {
    // Named one by one: the Node that expands a pattern by itself is newer than some.
    let tests: Vec<_> = stamp::files_below(&repo::path("tests/runtime"))
        .into_iter()
        .filter(|file| file.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    if tests.is_empty() {
        bail!("there are no tests/runtime/*.test.mjs; the checkout is incomplete");
    }
    step("real runtime", "cargo xtask test --only runtime", || {
        process::run(
            node::command("node")
                .args(["--test", "--test-concurrency=1"])
                .args(&tests)
                .env("KOBY_BUILD_DIR", Variant::Deployed.folder())
                .env("KOBY_PANIC_PROBE_DIR", Variant::PanicProbe.folder()),
        )
    })
}

fn require_small(gzip_bytes: u64) -> Result<()> {
    if gzip_bytes > GZIP_LIMIT_BYTES {
        bail!(
            "the WebAssembly is {} after gzip, more than the {} that this repository allows. Look for \
             a new dependency (`cargo tree --target {} -e normal`), or raise the limit in {} and say why",
            kib(gzip_bytes),
            kib(GZIP_LIMIT_BYTES),
            pins::WASM_TARGET,
            file!()
        );
    }
    Ok(())
}

/// Rustup's smallest profile comes without these.
fn ensure_component(component: &str, program: &str) -> Result<()> {
    if process::first_line(Command::new(program).arg("--version")).is_some() {
        return Ok(());
    }
    eprintln!("Adding {component} with rustup (once) …");
    process::run(Command::new("rustup").args(["component", "add", component]))
        .with_context(|| format!("install {component}, then repeat the command"))
}

fn cargo_step(title: &str, args: &[&str]) -> Result<()> {
    let mut command = node::command("cargo");
    command.args(args);
    let line = process::shown(&command);
    step(title, &line, || process::run(&mut command))
}

fn step(title: &str, again: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    eprintln!("\n== {title}: {again}");
    let started = Instant::now();
    work().with_context(|| {
        format!("the step \"{title}\" failed; to repeat only this step: {again}")
    })?;
    let elapsed = started.elapsed();
    eprintln!("== {title}: done in {}.{} s", elapsed.as_secs(), elapsed.subsec_millis() / 100);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{GZIP_LIMIT_BYTES, require_small};

    #[test]
    fn the_limit_itself_is_allowed() {
        assert!(require_small(GZIP_LIMIT_BYTES).is_ok());
        assert!(require_small(GZIP_LIMIT_BYTES + 1).is_err());
    }
}
