//! Hashes that tell whether a piece of work must be done again.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use ring::digest::{Context, SHA256};

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A hash over named pieces of content.
pub(crate) struct Stamp(Context);

impl Stamp {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// Adds a piece. The lengths keep apart what would read the same when joined.
    pub(crate) fn add(&mut self, name: &str, content: &[u8]) {
        for part in [name.as_bytes(), content] {
            self.0.update(&(part.len() as u64).to_le_bytes());
            self.0.update(part);
        }
    }

    /// Adds a file's path and content; a file that is not there counts as empty.
    pub(crate) fn add_file(&mut self, file: &Path) -> Result<()> {
        let content = match fs::read(file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            read => read.with_context(|| format!("cannot read {}", file.display()))?,
        };
        self.add(&file.to_string_lossy(), &content);
        Ok(())
    }

    /// The hash.
    pub(crate) fn finish(self) -> String {
        hex(self.0.finish().as_ref())
    }
}

/// One hash over several files.
pub(crate) fn of_files(files: &[PathBuf]) -> Result<String> {
    let mut stamp = Stamp::new();
    for file in files {
        stamp.add_file(file)?;
    }
    Ok(stamp.finish())
}

/// All files below a folder, in a stable order; none when the folder is not there.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The `.sql` files directly in a folder, in the order in which they are applied.
pub(crate) fn sql_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::Stamp;

    #[test]
    fn where_one_piece_ends_matters() {
        let hash = |pieces: &[(&str, &str)]| {
            let mut stamp = Stamp::new();
            for (name, content) in pieces {
                stamp.add(name, content.as_bytes());
            }
            stamp.finish()
        };
        assert_ne!(hash(&[("a", "bc")]), hash(&[("ab", "c")]));
        assert_eq!(hash(&[("a", "bc")]), hash(&[("a", "bc")]));
    }
}
