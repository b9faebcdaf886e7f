//! The release artefact: the crate as WebAssembly with the script that starts it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use crate::cargo_tools::Tool;
use crate::stamp::{self, Stamp};
use crate::{node, pins, process, repo, setup, wasm_target};

/// Everything that the artefact is made from, beside the names of the migrations.
const INPUT_FILES: [&str; 7] = [
    "openapi.json",
    "Cargo.toml",
    "Cargo.lock",
    "build.rs",
    "rust-toolchain.toml",
    ".cargo/config.toml",
    "package-lock.json",
];
const INPUT_FOLDERS: [&str; 1] = ["src"];
const MIGRATION_FOLDERS: [&str; 2] = ["migrations", "migrations/search"];

/// The wrangler commands that use the top level of wrangler.toml without deploying it.
const HARMLESS_WRANGLER_COMMANDS: [&str; 2] = ["dev", "types"];

/// Options of `cargo xtask build`.
#[derive(Args)]
pub(crate) struct BuildArgs {
    /// Add the route that panics, for the test that proves recovery; builds into build-panic-probe/
    #[arg(long)]
    panic_probe: bool,
    /// Refuse when wrangler is deploying without a named environment (for wrangler.toml only)
    #[arg(long)]
    from_wrangler_default: bool,
}

/// Which artefact.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// The one that is deployed.
    Deployed,
    /// With a route that panics. Never deployed.
    PanicProbe,
}

impl Variant {
    fn folder_name(self) -> &'static str {
        match self {
            Self::Deployed => "build",
            Self::PanicProbe => "build-panic-probe",
        }
    }

    fn features(self) -> &'static [&'static str] {
        match self {
            Self::Deployed => &[],
            Self::PanicProbe => &["--features", "panic-probe"],
        }
    }

    /// Where it is built.
    pub(crate) fn folder(self) -> PathBuf {
        repo::path(self.folder_name())
    }

    fn wasm(self) -> PathBuf {
        self.folder().join("index_bg.wasm")
    }

    fn stamp_file(self) -> PathBuf {
        self.folder().join(".stamp.json")
    }
}

/// What an artefact weighs.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    /// Of the WebAssembly file.
    pub(crate) raw_bytes: u64,
    /// Of the same file after gzip, which is what Cloudflare's limit is about.
    pub(crate) gzip_bytes: u64,
}

/// Runs `cargo xtask build`.
pub(crate) fn command(args: &BuildArgs) -> Result<()> {
    if args.from_wrangler_default {
        refuse_deployment(env::var("WRANGLER_COMMAND").ok().as_deref())?;
    }
    setup::for_serving()?;
    let variant = if args.panic_probe { Variant::PanicProbe } else { Variant::Deployed };
    build(variant).map(|_| ())
}

/// The top level of wrangler.toml is the development environment; deployed, it would serve with
/// development settings under the production name.
fn refuse_deployment(wrangler_command: Option<&str>) -> Result<()> {
    if wrangler_command.is_some_and(|name| HARMLESS_WRANGLER_COMMANDS.contains(&name)) {
        return Ok(());
    }
    bail!(
        "`wrangler {}` needs a named environment: add `--env staging` or `--env production`. \
         Without one it would deploy the local development settings",
        wrangler_command.unwrap_or("deploy")
    )
}

/// Builds unless nothing changed since the last build, and prints the sizes.
pub(crate) fn build(variant: Variant) -> Result<Sizes> {
    let revision = revision();
    let inputs = hash_of_inputs(variant, &revision)?;
    let name = variant.folder_name();
    if let Some(sizes) = built_already(variant, &inputs) {
        eprintln!("{name}/ is up to date: {}", shown(sizes));
        return Ok(sizes);
    }
    eprintln!("Building {name}/ …");
    repo::remove_file(&variant.stamp_file())?;
    process::run(&mut worker_build(variant, &revision))
        .context("the Worker did not build; the first error above is the one to look at")?;
    shrink(&variant.wasm())?;
    let sizes = measure(variant)?;
    let stamp = json!({
        "inputs": inputs,
        "rawBytes": sizes.raw_bytes,
        "gzipBytes": sizes.gzip_bytes,
    });
    repo::write(&variant.stamp_file(), stamp.to_string())?;
    eprintln!("{name}/ is built: {}", shown(sizes));
    Ok(sizes)
}

fn worker_build(variant: Variant, revision: &str) -> Command {
    let mut command = node::command(&Tool::WORKER_BUILD.path().to_string_lossy());
    command
        .args(["--release", "--out-dir", variant.folder_name()])
        .args(variant.features())
        .env("KOBY_REVISION", revision)
        // With these set worker-build downloads nothing.
        .env("WASM_BINDGEN_BIN", Tool::WASM_BINDGEN.path())
        .env("ESBUILD_BIN", repo::node_bin().join("esbuild"))
        .env("WASM_OPT_BIN", repo::node_bin().join("wasm-opt"))
        // Its errors are texts for people; a trace of the tool's own calls only hides them.
        .env("RUST_BACKTRACE", "0");
    if let Some(flags) = without_machine_paths() {
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags);
    }
    wasm_target::prepare(&mut command);
    command
}

/// Panic messages name files of dependencies; where these lie on this machine is nobody's business,
/// and the same commit gives the same bytes elsewhere.
fn without_machine_paths() -> Option<String> {
    let cargo_home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")))?;
    let sources = fs::read_dir(cargo_home.join("registry/src")).ok()?;
    let mut folders: Vec<String> =
        sources.flatten().map(|entry| entry.path().to_string_lossy().into_owned()).collect();
    folders.sort();
    let flags = folders.iter().map(|folder| format!("--remap-path-prefix={folder}=."));
    Some(flags.collect::<Vec<_>>().join(" ")).filter(|flags| !flags.is_empty())
}

/// What workerd and wasm-bindgen's glue need. Named one by one, so that a newer optimiser does not use
/// what the runtime does not know yet.
const WASM_FEATURES: [&str; 7] = [
    "--enable-mutable-globals",
    "--enable-sign-ext",
    "--enable-nontrapping-float-to-int",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-reference-types",
    "--enable-exception-handling",
];

/// Optimises for size and drops the names of functions, a fifth of the file, which worker-build always
/// keeps. Panics are logged with file and line by the Worker itself.
fn shrink(wasm: &Path) -> Result<()> {
    let shrunk = wasm.with_extension("shrunk.wasm");
    process::run(
        node::command(&repo::node_bin().join("wasm-opt").to_string_lossy())
            .arg("-Oz")
            .args(WASM_FEATURES)
            .arg(wasm)
            .arg("-o")
            .arg(&shrunk),
    )?;
    fs::rename(&shrunk, wasm).with_context(|| format!("replace {}", wasm.display()))
}

/// The commit this tree stands at, marked when the artefact's sources differ from it.
fn revision() -> String {
    let git = |args: &[&str]| {
        process::first_line(Command::new("git").current_dir(repo::root()).args(args))
    };
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let mut changed = vec!["status", "--porcelain", "--"];
    changed.extend(INPUT_FILES.iter().chain(&INPUT_FOLDERS).chain(&MIGRATION_FOLDERS));
    match git(&changed) {
        Some(first) if first.is_empty() => commit,
        _ => format!("{commit}-dirty"),
    }
}

fn hash_of_inputs(variant: Variant, revision: &str) -> Result<String> {
    let mut stamp = Stamp::new();
    stamp.add("features", variant.features().concat().as_bytes());
    stamp.add("pins", pins::all().as_bytes());
    stamp.add("revision", revision.as_bytes());
    let toolchain = env::var("RUSTUP_TOOLCHAIN").unwrap_or_default();
    stamp.add("toolchain", toolchain.as_bytes());
    for file in INPUT_FILES {
        stamp.add_file(&repo::path(file))?;
    }
    for file in INPUT_FOLDERS.iter().flat_map(|folder| stamp::files_below(&repo::path(folder))) {
        stamp.add_file(&file)?;
    }
    for file in MIGRATION_FOLDERS.iter().flat_map(|folder| stamp::sql_files(&repo::path(folder))) {
        stamp.add(&file.to_string_lossy(), &[]);
    }
    Ok(stamp.finish())
}

fn built_already(variant: Variant, inputs: &str) -> Option<Sizes> {
    if !variant.wasm().exists() || !variant.folder().join("index.js").exists() {
        return None;
    }
    let stamp: Value = serde_json::from_slice(&fs::read(variant.stamp_file()).ok()?).ok()?;
    (stamp.get("inputs")?.as_str()? == inputs).then_some(())?;
    Some(Sizes {
        raw_bytes: stamp.get("rawBytes")?.as_u64()?,
        gzip_bytes: stamp.get("gzipBytes")?.as_u64()?,
    })
}

fn measure(variant: Variant) -> Result<Sizes> {
    let wasm = variant.wasm();
    let raw_bytes = fs::metadata(&wasm)
        .with_context(|| format!("worker-build did not write {}", wasm.display()))?
        .len();
    Ok(Sizes { raw_bytes, gzip_bytes: gzip_bytes(&wasm)? })
}

fn gzip_bytes(file: &Path) -> Result<u64> {
    const SCRIPT: &str = "const { readFileSync } = require('node:fs'); \
        const { gzipSync } = require('node:zlib'); \
        console.log(gzipSync(readFileSync(process.argv[1])).length);";
    process::first_line(node::command("node").args(["-e", SCRIPT]).arg(file))
        .and_then(|line| line.parse().ok())
        .with_context(|| format!("node could not measure {}", file.display()))
}

fn shown(sizes: Sizes) -> String {
    format!("{} of WebAssembly, {} after gzip", kib(sizes.raw_bytes), kib(sizes.gzip_bytes))
}

/// Bytes as KiB with one decimal.
pub(crate) fn kib(bytes: u64) -> String {
    format!("{}.{} KiB", bytes / 1024, bytes % 1024 * 10 / 1024)
}

#[cfg(test)]
mod tests {
    use super::{kib, refuse_deployment};

    #[test]
    fn only_commands_that_deploy_nothing_may_use_the_top_level() {
        assert!(refuse_deployment(Some("dev")).is_ok());
        for command in [Some("deploy"), Some("versions upload"), None] {
            assert!(refuse_deployment(command).is_err(), "{command:?}");
        }
    }

    #[test]
    fn sizes_read_as_kib() {
        assert_eq!(kib(256_000), "250.0 KiB");
        assert_eq!(kib(1536), "1.5 KiB");
    }
}
