//! Where things are in the repository.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context as _, Result};

/// The repository's root, whatever directory the command was called from.
pub(crate) fn root() -> PathBuf {
    // Set by `cargo run`; the compiled-in value serves a binary that is called directly.
    let manifest_dir = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest_dir.parent().map_or(manifest_dir.clone(), Path::to_path_buf)
}

/// A path inside the repository.
pub(crate) fn path(relative: &str) -> PathBuf {
    root().join(relative)
}

/// Tools that cargo installed, outside the developer's own `~/.cargo/bin`.
pub(crate) fn tools() -> PathBuf {
    path(".tools")
}

/// Keys and stamps of this checkout.
pub(crate) fn local() -> PathBuf {
    path(".local")
}

/// Commands that npm installed.
pub(crate) fn node_bin() -> PathBuf {
    path("node_modules/.bin")
}

/// The local databases, as wrangler keeps them.
pub(crate) fn wrangler_state() -> PathBuf {
    path(".wrangler/state")
}

/// Writes a file and the folders above it.
pub(crate) fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Deletes a folder; that it is not there is no failure.
pub(crate) fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot delete {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Deletes a file; that it is not there is no failure.
pub(crate) fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot delete {}", path.display()))
        }
        _ => Ok(()),
    }
}
