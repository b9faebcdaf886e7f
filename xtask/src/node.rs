//! The packages from npm, among them a Node that is new enough for wrangler.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, Result, bail};

use crate::{pins, process, repo, stamp};

/// A command that finds the pinned tools first.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(repo::root()).env("PATH", search_path());
    command
}

/// PATH with the pinned tools in front: wrangler's own children must find the right Node too.
fn search_path() -> std::ffi::OsString {
    let mut folders = vec![repo::node_bin(), repo::tools().join("bin")];
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    folders.dedup();
    env::join_paths(&folders).unwrap_or_else(|_| env::var_os("PATH").unwrap_or_default())
}

/// Installs the packages of package-lock.json unless that has been done.
pub(crate) fn ensure_packages() -> Result<()> {
    let lock_hash =
        stamp::of_files(&[repo::path("package-lock.json"), repo::path("package.json")])?;
    if fs::read_to_string(stamp_file()).is_ok_and(|found| found == lock_hash) {
        return Ok(());
    }
    eprintln!("Installing the Node packages with npm (about 540 MB; once) …");
    if process::first_line(Command::new("npm").arg("--version")).is_none() {
        bail!(
            "npm was not found. Install Node 18 or newer (it brings npm; a newer Node for wrangler \
             is installed with the packages), then repeat the command"
        );
    }
    // Not the pinned PATH: npm must not run on the Node that it is about to replace.
    process::run(
        Command::new("npm")
            .current_dir(repo::root())
            // Wrangler's demand for a newer Node is met by the `node` package that is being installed.
            .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]),
    )
    .context("the Node packages could not be installed; check that npm reaches its registry")?;
    require_node()?;
    repo::write(&stamp_file(), lock_hash)
}

fn stamp_file() -> PathBuf {
    repo::path("node_modules/.koby-lock-hash")
}

fn require_node() -> Result<()> {
    let version = process::first_line(command("node").arg("--version"))
        .context("node does not run; install Node 22.12 or newer, then repeat the command")?;
    if parse_version(&version).is_none_or(|found| found < pins::NODE_AT_LEAST) {
        let (major, minor) = pins::NODE_AT_LEAST;
        bail!(
            "wrangler needs Node {major}.{minor} or newer, this machine has {version}, and npm has no \
             prebuilt one for it. Install a newer Node, then repeat the command"
        );
    }
    Ok(())
}

/// Major and minor of a text such as `v24.9.0`.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim_start_matches('v').split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn versions_compare_as_numbers() {
        assert_eq!(parse_version("v24.9.0"), Some((24, 9)));
        assert!(parse_version("v22.9.1") < parse_version("v22.12.0"));
        assert_eq!(parse_version("none"), None);
    }
}
