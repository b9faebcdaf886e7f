//! Sitemaps (sitemaps.org, protocol 0.9): lists of pages, and lists of such lists.

use crate::knowledge::parsing::inflate::inflate;
use crate::knowledge::parsing::markup::{Token, Tokens, push_text};

/// What is read of a file; the protocol allows ten times as much, most of which no source has room for.
pub(super) const MOST_BYTES: usize = 5 * 1024 * 1024;
/// Entries that are looked at.
const MOST_ENTRIES: usize = 10_000;
/// Longest address, in bytes (the protocol's own limit).
const LONGEST: usize = 2_048;

/// What a sitemap holds. Addresses are as written: nothing is judged here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sitemap {
    /// Further sitemaps.
    Index(Vec<String>),
    /// Pages.
    Pages(Vec<String>),
}

impl Sitemap {
    /// Reads a file: XML, or a text with an address per line. Whatever else it is, it has no pages.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let unfolded = unfolded(bytes);
        let text = String::from_utf8_lossy(unfolded.as_deref().unwrap_or(bytes));
        let text = text.trim_start_matches('\u{feff}').trim_start();
        if !text.starts_with('<') {
            let lines = text.lines().map(str::trim).filter(|line| line.starts_with("http"));
            return Self::Pages(lines.filter(fits).take(MOST_ENTRIES).map(str::to_owned).collect());
        }
        let mut prefix = None;
        let mut is_index = false;
        let mut open: Option<String> = None;
        let mut found = Vec::new();
        for token in Tokens::of_xml(text) {
            match token {
                // Locations of pictures and films are in elements of another prefix.
                Token::Open(tag) => {
                    let (space, name) = tag.name.rsplit_once(':').unwrap_or(("", tag.name));
                    let root = *prefix.get_or_insert_with(|| {
                        is_index = name == "sitemapindex";
                        space
                    });
                    open = (name == "loc" && space == root && !tag.closes_itself).then(String::new);
                }
                Token::Text(text) => {
                    if let Some(open) = open.as_mut().filter(|open| open.len() <= LONGEST) {
                        push_text(open, text);
                    }
                }
                Token::Close(_) => {
                    let location = open.take().map(|open| open.trim().to_owned());
                    found.extend(
                        location
                            .filter(|location| !location.is_empty() && fits(&location.as_str())),
                    );
                    if found.len() == MOST_ENTRIES {
                        break;
                    }
                }
            }
        }
        if is_index { Self::Index(found) } else { Self::Pages(found) }
    }
}

/// What a gzip file (RFC 1952) holds, if it is one and unfolds into no more than is read.
fn unfolded(bytes: &[u8]) -> Option<Vec<u8>> {
    let [0x1f, 0x8b, 8, flags, _, _, _, _, _, _, rest @ ..] = bytes else { return None };
    let mut rest = rest;
    if flags & 4 != 0 {
        let (length, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    // A name and a comment, each up to a zero.
    for flag in [8, 16] {
        if flags & flag != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    rest = if flags & 2 == 0 { rest } else { rest.get(2..)? };
    inflate(rest, MOST_BYTES).ok()
}

fn fits(location: &&str) -> bool {
    location.len() <= LONGEST
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pages(urls: &[&str]) -> Sitemap {
        Sitemap::Pages(urls.iter().map(|url| (*url).to_owned()).collect())
    }

    #[test]
    fn pages_and_indexes_are_told_apart() {
        let file = "\u{feff}<?xml version='1.0'?><!-- <loc>no</loc> --><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>
            <url><loc> https://example.com/a?x=1&amp;y=2 </loc><lastmod>2026-01-01</lastmod>
              <image:image><image:loc>https://example.com/a.png</image:loc></image:image></url>
            <url><loc><![CDATA[https://example.com/b]]></loc></url><url><loc/></url><url><loc></loc></url></urlset>";
        assert_eq!(
            Sitemap::read(file.as_bytes()),
            pages(&["https://example.com/a?x=1&y=2", "https://example.com/b"])
        );
        let index = "<s:sitemapindex xmlns:s='x'><s:sitemap><s:loc>https://example.com/1.xml</s:loc></s:sitemap></s:sitemapindex>";
        assert_eq!(
            Sitemap::read(index.as_bytes()),
            Sitemap::Index(vec!["https://example.com/1.xml".to_owned()])
        );
        let lines = "https://example.com/a\r\n\n# no\nhttps://example.com/b";
        assert_eq!(
            Sitemap::read(lines.as_bytes()),
            pages(&["https://example.com/a", "https://example.com/b"])
        );
    }

    #[test]
    fn files_that_are_packed_are_unfolded() {
        let text = b"<urlset><url><loc>https://example.com/a</loc></url></urlset>";
        let length = u16::try_from(text.len()).unwrap();
        // One stored block of deflate, behind a header with an extra field, a name, a comment and a checksum.
        let mut file = vec![0x1f, 0x8b, 8, 4 | 8 | 16 | 2, 0, 0, 0, 0, 0, 3];
        file.extend(b"\x03\0abcsitemap.xml\0a comment\0\x12\x34\x01");
        file.extend(length.to_le_bytes());
        file.extend((!length).to_le_bytes());
        file.extend(text);
        file.extend([0; 8]);
        assert_eq!(Sitemap::read(&file), pages(&["https://example.com/a"]));
        for end in 0..file.len() - 8 {
            assert_eq!(Sitemap::read(&file[..end]), pages(&[]), "cut at {end}");
        }
    }

    #[test]
    fn other_files_and_endless_ones_are_survived() {
        assert_eq!(Sitemap::read(b"<html><body>Not found"), pages(&[]));
        assert_eq!(Sitemap::read(b""), pages(&[]));
        assert_eq!(Sitemap::read(&[0x1f, 0x8b, 8, 0]), pages(&[]));
        let many =
            "<urlset>".to_owned() + &"<url><loc>https://example.com/</loc></url>".repeat(20_000);
        let Sitemap::Pages(urls) = Sitemap::read(many.as_bytes()) else { panic!("pages") };
        assert_eq!(urls.len(), MOST_ENTRIES);
        let long = format!("<urlset><loc>https://example.com/{}</loc></urlset>", "a".repeat(5_000));
        assert_eq!(Sitemap::read(long.as_bytes()), pages(&[]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut file = b"<urlset><url><loc>".to_vec();
            file.extend(bytes);
            let _ = Sitemap::read(&file);
        }
    }
}
