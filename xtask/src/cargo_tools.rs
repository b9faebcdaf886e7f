//! The tools that are installed with cargo, into `.tools`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{pins, process, repo};

/// A binary, the crate it comes from, and the version that is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Tool {
    binary: &'static str,
    package: &'static str,
    version: &'static str,
    /// What to expect of the installation on two cores.
    minutes: &'static str,
}

impl Tool {
    /// See [`pins::WORKER_BUILD`].
    pub(crate) const WORKER_BUILD: Self = Self {
        binary: "worker-build",
        package: "worker-build",
        version: pins::WORKER_BUILD,
        minutes: "2 minutes",
    };
    /// See [`pins::WASM_BINDGEN`].
    pub(crate) const WASM_BINDGEN: Self = Self {
        binary: "wasm-bindgen",
        package: "wasm-bindgen-cli",
        version: pins::WASM_BINDGEN,
        minutes: "1 minute",
    };
    /// See [`pins::CARGO_DENY`].
    pub(crate) const CARGO_DENY: Self = Self {
        binary: "cargo-deny",
        package: "cargo-deny",
        version: pins::CARGO_DENY,
        minutes: "1 minute",
    };

    /// Where the binary is, once installed.
    pub(crate) fn path(self) -> PathBuf {
        repo::tools().join("bin").join(self.binary)
    }

    /// Some print their version alone, some after their name.
    fn is_installed(self) -> bool {
        process::first_line(Command::new(self.path()).arg("--version"))
            .is_some_and(|line| line.split_whitespace().last() == Some(self.version))
    }

    fn install(self, target_dir: &Path) -> Result<()> {
        let Self { package, version, minutes, .. } = self;
        eprintln!("Installing {package} {version} into .tools (about {minutes}; once) …");
        let locked = process::run(self.install_command(target_dir).arg("--locked"));
        let Err(failure) = locked else { return Ok(()) };
        // A published lock file may name a version that the registry in use does not carry.
        eprintln!("{failure:#}");
        eprintln!("Trying {package} {version} again without its lock file …");
        process::run(&mut self.install_command(target_dir)).with_context(|| {
            format!(
                "{package} {version} could not be installed. Check that cargo reaches its registry \
                 and that a C compiler is there, then repeat the command"
            )
        })
    }

    /// Debug builds: they take a third of the time and run as often as a developer saves a file.
    fn install_command(self, target_dir: &Path) -> Command {
        let mut command = Command::new("cargo");
        command
            .current_dir(repo::root())
            .args(["install", "--debug", "--root"])
            .arg(repo::tools())
            .arg(format!("{}@{}", self.package, self.version))
            .env("CARGO_TARGET_DIR", target_dir);
        command
    }
}

/// Installs those that are missing or of another version.
pub(crate) fn ensure(tools: &[Tool]) -> Result<()> {
    let missing: Vec<&Tool> = tools.iter().filter(|tool| !tool.is_installed()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    // Shared, so that what the tools have in common is compiled once.
    let target_dir = repo::tools().join("target");
    for tool in missing {
        tool.install(&target_dir)?;
    }
    repo::remove_folder(&target_dir)
}
