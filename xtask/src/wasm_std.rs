//! The standard library for WebAssembly without rustup: compiled once from the sources that
//! Debian and Ubuntu package, and laid over the compiler's own libraries as a second system root
//! in `.tools/wasm-std`. A small wrapper then stands in for `rustc`.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, iter};

use anyhow::{Context as _, Result, bail};

use crate::{pins, process, repo};

const SEED_MANIFEST: &str =
    "[package]\nname = \"seed\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n";

fn home() -> PathBuf {
    repo::tools().join("wasm-std")
}

fn wrapper() -> PathBuf {
    home().join("bin/rustc")
}

/// Written last, so that what an interrupted build leaves behind does not count. The first line is
/// the compiler's version, the second the linker to name.
fn summary_file() -> PathBuf {
    home().join("summary")
}

/// Whether it has been built, with the compiler that is installed now.
pub(crate) fn is_ready() -> bool {
    let summary = fs::read_to_string(summary_file()).unwrap_or_default();
    summary.lines().next().is_some_and(|built_with| {
        process::first_line(Command::new(wrapper()).arg("--version")).as_deref() == Some(built_with)
    })
}

/// Lets a command that runs cargo use it; does nothing when it has not been built.
pub(crate) fn prepare(command: &mut Command) {
    let Ok(summary) = fs::read_to_string(summary_file()) else { return };
    let path = path_with_wrapper(command);
    command.env("RUSTC", wrapper()).env("PATH", path);
    if let Some(linker) = summary.lines().nth(1) {
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    }
}

/// The command's own PATH with the wrapper in front: worker-build asks `rustc` by that name.
fn path_with_wrapper(command: &Command) -> OsString {
    let given = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value);
    let path = given.map(OsStr::to_os_string).or_else(|| env::var_os("PATH")).unwrap_or_default();
    let folders = iter::once(home().join("bin")).chain(env::split_paths(&path));
    env::join_paths(folders).unwrap_or(path)
}

/// Finds or installs a compiler with sources, and builds.
pub(crate) fn build() -> Result<()> {
    let compiler = find_or_install_compiler()?;
    let linker = compiler.linker()?.unwrap_or_default();
    eprintln!("Compiling the standard library for {} (about 1 minute; once) …", pins::WASM_TARGET);
    repo::remove_folder(&home())?;
    compile_with(&compiler)?;
    lay_over(&compiler)?;
    write_wrapper(&compiler)?;
    repo::remove_folder(&home().join("seed"))?;
    repo::write(&summary_file(), format!("{}\n{linker}", compiler.version))
}

fn find_or_install_compiler() -> Result<Compiler> {
    if let Some(compiler) = find_compiler() {
        return Ok(compiler);
    }
    install_packages()?;
    find_compiler().context("the packages are installed, but no compiler with sources was found")
}

/// A compiler that is new enough and whose sources are installed.
struct Compiler {
    program: PathBuf,
    version: String,
    sysroot: PathBuf,
}

impl Compiler {
    fn at(program: &Path) -> Option<Self> {
        let version = process::first_line(Command::new(program).arg("--version"))?;
        if minor_version(&version)? < pins::RUST_MINOR_AT_LEAST {
            return None;
        }
        let sysroot = process::first_line(Command::new(program).args(["--print", "sysroot"]))?;
        let sysroot = PathBuf::from(sysroot);
        // By its absolute path: the wrapper is called `rustc` too and comes first on the PATH.
        let program = sysroot.join("bin/rustc");
        let sources = sysroot.join("lib/rustlib/src/rust/library/std");
        (program.exists() && sources.is_dir()).then_some(Self { program, version, sysroot })
    }

    /// The linker to name, or none when the compiler brings its own.
    fn linker(&self) -> Result<Option<String>> {
        let brings_its_own = entries(&self.sysroot.join("lib/rustlib"))
            .iter()
            .any(|host| host.join("bin/rust-lld").exists());
        if brings_its_own {
            return Ok(None);
        }
        let found = search_path_files().into_iter().find(|file| {
            file.file_name().is_some_and(|name| {
                let name = name.to_string_lossy();
                name == "wasm-ld" || name.strip_prefix("wasm-ld-").is_some_and(is_number)
            })
        });
        let linker =
            found.context("no wasm-ld was found; install it with `apt-get install lld`")?;
        Ok(Some(linker.to_string_lossy().into_owned()))
    }
}

fn is_number(text: &str) -> bool {
    text.parse::<u32>().is_ok()
}

/// The minor version in a text such as `rustc 1.95.0 (…)`.
fn minor_version(text: &str) -> Option<u32> {
    text.strip_prefix("rustc 1.")?.split('.').next()?.parse().ok()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

fn search_path_files() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).flat_map(|folder| entries(&folder)).collect()
}

/// The toolchain in use first, then the distribution's: Debian has one in /usr, Ubuntu's are
/// beside each other in /usr/lib/rust-1.N.
fn find_compiler() -> Option<Compiler> {
    let mut programs = vec![PathBuf::from("rustc"), PathBuf::from("/usr/bin/rustc")];
    let versioned = entries(Path::new("/usr/lib"))
        .into_iter()
        .filter(|path| path.to_string_lossy().starts_with("/usr/lib/rust-1."))
        .map(|path| path.join("bin/rustc"));
    programs.extend(versioned);
    programs.iter().find_map(|program| Compiler::at(program))
}

/// Installs the distribution's compiler with its sources, where that needs no password.
fn install_packages() -> Result<()> {
    let Some(packages) = suitable_packages() else {
        bail!(
            "neither this toolchain's sources (`rustup component add rust-src`) nor a packaged Rust \
             1.{minor} or newer (Debian: rustc, rust-src; Ubuntu: rustc-1.N, rust-1.N-src) were found",
            minor = pins::RUST_MINOR_AT_LEAST
        );
    };
    let line = format!("apt-get install -y --no-install-recommends {}", packages.join(" "));
    if !nix::unistd::Uid::effective().is_root() {
        bail!("run `sudo {line}`, then repeat the command");
    }
    eprintln!("Running `{line}` …");
    let mut command = Command::new("apt-get");
    command.args(["install", "-y", "--no-install-recommends"]).args(&packages);
    process::run(command.env("DEBIAN_FRONTEND", "noninteractive"))
        .with_context(|| format!("run `{line}` yourself, then repeat the command"))
}

/// The packages of the newest packaged compiler, if that is new enough.
fn suitable_packages() -> Option<Vec<String>> {
    let newest_versioned = package_names("rustc-1.")
        .iter()
        .filter_map(|name| name.strip_prefix("rustc-1.")?.parse::<u32>().ok())
        .filter(|minor| *minor >= pins::RUST_MINOR_AT_LEAST)
        .max();
    if let Some(minor) = newest_versioned {
        let names = [format!("rustc-1.{minor}"), format!("rust-1.{minor}-src"), "lld".to_owned()];
        return Some(names.to_vec());
    }
    let candidate = candidate_minor("rustc")?;
    (candidate >= pins::RUST_MINOR_AT_LEAST)
        .then(|| ["rustc", "rust-src", "lld"].map(str::to_owned).to_vec())
}

fn package_names(prefix: &str) -> Vec<String> {
    let output = Command::new("apt-cache").args(["pkgnames", prefix]).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.unwrap_or_default().lines().map(str::to_owned).collect()
}

fn candidate_minor(package: &str) -> Option<u32> {
    let output = Command::new("apt-cache").args(["policy", package]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.trim().strip_prefix("Candidate: "))?.to_owned();
    line.split(':').next_back()?.strip_prefix("1.")?.split('.').next()?.parse().ok()
}

fn compile_with(compiler: &Compiler) -> Result<()> {
    let seed = home().join("seed");
    repo::write(&seed.join("Cargo.toml"), SEED_MANIFEST)?;
    repo::write(&seed.join("src/lib.rs"), "")?;
    process::run(
        Command::new("cargo")
            .current_dir(&seed)
            .args(["build", "--release", "-Z", "build-std=std,panic_abort", "--target"])
            .arg(pins::WASM_TARGET)
            .env("RUSTC", &compiler.program)
            // Building the standard library is an unstable feature of a stable compiler.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_DIR", seed.join("target")),
    )
}

/// A system root that has all of the compiler's libraries and, in addition, ours.
fn lay_over(compiler: &Compiler) -> Result<()> {
    let rustlib = home().join("sysroot/lib/rustlib");
    let ours = rustlib.join(pins::WASM_TARGET).join("lib");
    fs::create_dir_all(&ours).with_context(|| format!("cannot create {}", ours.display()))?;
    for entry in entries(&compiler.sysroot.join("lib/rustlib")) {
        let name = entry.file_name().unwrap_or_default();
        if name != pins::WASM_TARGET {
            symlink(&entry, rustlib.join(name)).context("cannot link a library folder")?;
        }
    }
    let built = home().join("seed/target").join(pins::WASM_TARGET).join("release/deps");
    for file in entries(&built) {
        let name = file.file_name().unwrap_or_default();
        let is_library = file.extension().is_some_and(|extension| extension == "rlib");
        if is_library && !name.to_string_lossy().starts_with("libseed-") {
            fs::copy(&file, ours.join(name)).context("cannot copy a library")?;
        }
    }
    Ok(())
}

fn write_wrapper(compiler: &Compiler) -> Result<()> {
    let script = format!(
        "#!/bin/sh\nexec {} --sysroot {} \"$@\"\n",
        quoted(&compiler.program),
        quoted(&home().join("sysroot"))
    );
    repo::write(&wrapper(), script)?;
    fs::set_permissions(wrapper(), fs::Permissions::from_mode(0o755))
        .context("cannot make the wrapper executable")
}

/// A path as one word of a shell script.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::minor_version;

    #[test]
    fn the_minor_version_is_read_from_what_rustc_prints() {
        assert_eq!(minor_version("rustc 1.95.0 (59807616e 2026-04-14)"), Some(95));
        assert_eq!(minor_version("rustc 1.96.0-nightly"), Some(96));
        assert_eq!(minor_version("cargo 1.95.0"), None);
    }
}
