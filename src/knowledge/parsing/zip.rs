//! Files out of a ZIP (PKWARE, "APPNOTE.TXT"), by its directory at the end; whatever is not asked for is not unfolded.

use super::inflate::inflate;
use super::manuscript::Refusal;

/// The end of the directory: its signature, its length, and the longest comment after it.
const END: [u8; 4] = *b"PK\x05\x06";
const END_LENGTH: usize = 22;
const LONGEST_COMMENT: usize = 65_535;
const ENTRY: [u8; 4] = *b"PK\x01\x02";
const ENTRY_LENGTH: usize = 46;
const LOCAL: [u8; 4] = *b"PK\x03\x04";
const LOCAL_LENGTH: usize = 30;
/// Most files that are looked at.
const MOST_ENTRIES: usize = 4_096;

/// A ZIP.
pub(super) struct Archive<'a> {
    bytes: &'a [u8],
    /// Where the directory begins, and how many files it lists.
    directory: usize,
    entries: usize,
}

impl<'a> Archive<'a> {
    /// Finds the directory.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let first = bytes.len().saturating_sub(END_LENGTH + LONGEST_COMMENT);
        let tail = bytes.get(first..).unwrap_or_default();
        let end =
            tail.windows(END.len()).rposition(|window| window == END).ok_or(Refusal::Broken)?;
        let end = tail.get(end..).unwrap_or_default();
        let entries = usize::from(u16_at(end, 10).ok_or(Refusal::Broken)?);
        let directory = usize_at(end, 16).ok_or(Refusal::Broken)?;
        if entries > MOST_ENTRIES {
            return Err(Refusal::TooComplex);
        }
        Ok(Self { bytes, directory, entries })
    }

    /// The content of a file, if there is one of that name; `most` bytes at most.
    pub(super) fn file(&self, name: &str, most: usize) -> Result<Option<Vec<u8>>, Refusal> {
        let mut at = self.directory;
        for _ in 0..self.entries {
            let entry = self.bytes.get(at..).ok_or(Refusal::Broken)?;
            if !entry.starts_with(&ENTRY) {
                return Err(Refusal::Broken);
            }
            let length = |at| u16_at(entry, at).map(usize::from).ok_or(Refusal::Broken);
            let named = length(28)?;
            if entry.get(ENTRY_LENGTH..ENTRY_LENGTH + named) == Some(name.as_bytes()) {
                return self.content(entry, most).map(Some);
            }
            at += ENTRY_LENGTH + named + length(30)? + length(32)?;
        }
        Ok(None)
    }

    fn content(&self, entry: &[u8], most: usize) -> Result<Vec<u8>, Refusal> {
        let (flags, method) = (u16_at(entry, 8), u16_at(entry, 10));
        if flags.is_some_and(|flags| flags & 1 == 1) {
            return Err(Refusal::Encrypted);
        }
        let (Some(packed), Some(start)) = (usize_at(entry, 20), usize_at(entry, 42)) else {
            return Err(Refusal::Broken);
        };
        let local = self.bytes.get(start..).filter(|local| local.starts_with(&LOCAL));
        let local = local.ok_or(Refusal::Broken)?;
        let length = |at| u16_at(local, at).map(usize::from).ok_or(Refusal::Broken);
        let from = LOCAL_LENGTH + length(26)? + length(28)?;
        let data = local.get(from..from.saturating_add(packed)).ok_or(Refusal::Broken)?;
        match method {
            Some(0) if data.len() <= most => Ok(data.to_vec()),
            Some(0) => Err(Refusal::TooComplex),
            Some(8) => inflate(data, most),
            _ => Err(Refusal::Broken),
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk::<2>().map(|pair| u16::from_le_bytes(*pair))
}

fn usize_at(bytes: &[u8], at: usize) -> Option<usize> {
    let number = bytes.get(at..)?.first_chunk::<4>().map(|four| u32::from_le_bytes(*four))?;
    usize::try_from(number).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use miniz_oxide::deflate::compress_to_vec;

    use super::*;

    /// A file to be packed.
    pub(in super::super) struct Entry {
        name: &'static str,
        data: Vec<u8>,
        method: u16,
        length: usize,
    }

    impl Entry {
        pub(in super::super) fn deflated(name: &'static str, content: &[u8]) -> Self {
            Self { name, data: compress_to_vec(content, 6), method: 8, length: content.len() }
        }
    }

    /// A ZIP of files.
    pub(in super::super) fn zip(entries: &[Entry]) -> Vec<u8> {
        let (mut file, mut directory) = (Vec::new(), Vec::new());
        let half = |number: usize| u16::try_from(number).unwrap().to_le_bytes();
        let word = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
        for entry in entries {
            let start = file.len();
            let mut head = vec![20, 0, 0, 0];
            head.extend(entry.method.to_le_bytes());
            head.extend([0; 8]);
            head.extend(word(entry.data.len()));
            head.extend(word(entry.length));
            head.extend(half(entry.name.len()));
            head.extend([0, 0]);
            file.extend(LOCAL);
            file.extend(&head);
            file.extend(entry.name.as_bytes());
            file.extend(&entry.data);
            directory.extend(ENTRY);
            directory.extend([20, 0]);
            directory.extend(&head);
            directory.extend([0; 10]);
            directory.extend(word(start));
            directory.extend(entry.name.as_bytes());
        }
        let start = file.len();
        file.extend(&directory);
        file.extend(END);
        file.extend([0; 4]);
        file.extend(half(entries.len()));
        file.extend(half(entries.len()));
        file.extend(word(directory.len()));
        file.extend(word(start));
        file.extend([0, 0]);
        file
    }

    #[test]
    fn files_are_found_by_name() {
        let stored = Entry { name: "b", data: b"plain".to_vec(), method: 0, length: 5 };
        let file = zip(&[Entry::deflated("a", b"folded"), stored]);
        let archive = Archive::open(&file).unwrap();
        assert_eq!(archive.file("a", 100), Ok(Some(b"folded".to_vec())));
        assert_eq!(archive.file("b", 100), Ok(Some(b"plain".to_vec())));
        assert_eq!(archive.file("c", 100), Ok(None));
        assert_eq!(archive.file("a", 5), Err(Refusal::TooComplex));
        assert_eq!(archive.file("b", 4), Err(Refusal::TooComplex));
    }
}
