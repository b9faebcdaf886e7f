//! Bytes into text: UTF-8, UTF-16, Windows-1252 and what is nearly that. Text in another encoding is refused, as the
//! tables of all of them would be a tenth of the artefact, and a guess would be quoted to visitors as odd letters.

use std::borrow::Cow;

use super::manuscript::{LONGEST_TEXT, Refusal};
use super::markup::{Token, Tokens};

/// Longest text that is made of bytes which are not UTF-8, in bytes.
const LONGEST_DECODED: usize = 8 * LONGEST_TEXT;
/// How far into a page its encoding may be declared, in bytes. (WHATWG HTML wants it within 1 024.)
const LONGEST_HEAD: usize = 4_096;
/// Of so many characters in UTF-8 one byte may be damaged.
const GOOD_PER_BAD: usize = 4;
/// So many bytes above ASCII say nothing about the encoding.
const FEW_HIGH: usize = 16;
/// Control characters that a short text may hold.
const FEW_CONTROLS: usize = 4;

/// An encoding that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16Little,
    Utf16Big,
    Windows1252,
    /// ISO 8859-15, which is Latin-1 with a euro sign.
    Latin9,
}

impl Encoding {
    /// The encoding of a label (WHATWG Encoding Standard, which reads Latin-1 and ASCII as Windows-1252).
    fn of(label: &str) -> Option<Self> {
        match label.trim().to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" | "unicode-1-1-utf-8" => Some(Self::Utf8),
            "utf-16" | "utf-16le" | "utf16" => Some(Self::Utf16Little),
            "utf-16be" => Some(Self::Utf16Big),
            "windows-1252" | "cp1252" | "x-cp1252" | "iso-8859-1" | "iso8859-1" | "iso_8859-1"
            | "iso88591" | "latin1" | "l1" | "us-ascii" | "ascii" => Some(Self::Windows1252),
            "iso-8859-15" | "iso8859-15" | "iso_8859-15" | "latin9" | "l9" => Some(Self::Latin9),
            _ => None,
        }
    }
}

/// The text of a file; `declared` is the encoding that came with it, if one did.
pub(super) fn decoded<'a>(
    bytes: &'a [u8],
    declared: Option<&str>,
) -> Result<Cow<'a, str>, Refusal> {
    if let Some(text) = marked(bytes) {
        return bounded(text);
    }
    let encoding = declared.map(Encoding::of);
    match encoding {
        Some(Some(Encoding::Utf16Little)) => {
            return bounded(Cow::Owned(utf16(bytes, u16::from_le_bytes)));
        }
        Some(Some(Encoding::Utf16Big)) => {
            return bounded(Cow::Owned(utf16(bytes, u16::from_be_bytes)));
        }
        _ => {}
    }
    if is_binary(bytes) {
        return Err(Refusal::Broken);
    }
    // What holds together as UTF-8 is UTF-8, whatever is declared, but for encodings that shift by escapes.
    let shifts = encoding == Some(None) && bytes.contains(&0x1b);
    if let Some(text) = std::str::from_utf8(bytes).ok().filter(|_| !shifts) {
        return Ok(Cow::Borrowed(text));
    }
    match encoding {
        Some(Some(Encoding::Windows1252)) => by_byte(bytes, windows_1252),
        Some(Some(Encoding::Latin9)) => by_byte(bytes, latin_9),
        Some(None) => Err(Refusal::Charset),
        // Declared as UTF-8, or not at all.
        _ if is_mostly_utf8(bytes) => bounded(String::from_utf8_lossy(bytes)),
        _ if may_be_windows_1252(bytes) => by_byte(bytes, windows_1252),
        _ => Err(Refusal::Charset),
    }
}

/// The text of bytes. A wrong guess shows odd letters, never an error.
pub(in crate::knowledge) fn text(bytes: &[u8]) -> Cow<'_, str> {
    marked(bytes).unwrap_or_else(|| match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) if is_mostly_utf8(bytes) => String::from_utf8_lossy(bytes),
        Err(_) => Cow::Owned(bytes.iter().map(|byte| windows_1252(*byte)).collect()),
    })
}

/// The text of what must be UTF-8 or UTF-16.
pub(super) fn unicode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    marked(bytes).or_else(|| std::str::from_utf8(bytes).ok().map(Cow::Borrowed))
}

/// The encoding that a `Content-Type` declares.
pub(in crate::knowledge) fn of_media_type(media_type: &str) -> Option<&str> {
    media_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then_some(value)
    })
}

/// The encoding that a page declares at its beginning, in `meta` or as XML.
pub(super) fn of_page(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..bytes.len().min(LONGEST_HEAD)).unwrap_or_default();
    let head = String::from_utf8_lossy(head);
    if head.starts_with("<?xml") {
        let declaration = head.split_once("?>").map_or("", |(declaration, _)| declaration);
        if let Some(label) = value_after(declaration, "encoding") {
            return Some(label);
        }
    }
    let label = Tokens::of_html(&head).find_map(|token| match token {
        Token::Open(tag) if tag.is("meta") => value_after(tag.attributes, "charset"),
        _ => None,
    })?;
    // A declaration that can be read as ASCII is not of UTF-16 (WHATWG HTML, "prescan").
    let is_wide = label.to_ascii_lowercase().starts_with("utf-16");
    Some(if is_wide { "utf-8".to_owned() } else { label })
}

/// The value of `name=value`, with or without quotes, wherever it is in a text.
fn value_after(text: &str, name: &str) -> Option<String> {
    let at = text.to_ascii_lowercase().find(name)?;
    let value = text.get(at + name.len()..)?.trim_start().strip_prefix('=')?;
    let value = value.trim_start().trim_start_matches(['"', '\'']);
    let is_label = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.');
    let label: String = value.chars().take_while(is_label).take(40).collect();
    (!label.is_empty()).then_some(label)
}

/// The text behind a byte order mark.
fn marked(bytes: &[u8]) -> Option<Cow<'_, str>> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => Some(String::from_utf8_lossy(rest)),
        [0xff, 0xfe, rest @ ..] => Some(Cow::Owned(utf16(rest, u16::from_le_bytes))),
        [0xfe, 0xff, rest @ ..] => Some(Cow::Owned(utf16(rest, u16::from_be_bytes))),
        _ => None,
    }
}

fn bounded(text: Cow<'_, str>) -> Result<Cow<'_, str>, Refusal> {
    if text.len() > LONGEST_DECODED { Err(Refusal::TooLong) } else { Ok(text) }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, _) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// The text of an encoding of single bytes. How long it becomes is known before it is made.
fn by_byte<'a>(bytes: &[u8], character: fn(u8) -> char) -> Result<Cow<'a, str>, Refusal> {
    let length = bytes.iter().map(|byte| character(*byte).len_utf8()).sum();
    if length > LONGEST_DECODED {
        return Err(Refusal::TooLong);
    }
    let mut text = String::with_capacity(length);
    text.extend(bytes.iter().map(|byte| character(*byte)));
    Ok(Cow::Owned(text))
}

/// Whether these are no letters at all: of each hundred bytes more than one is a control character.
fn is_binary(bytes: &[u8]) -> bool {
    let is_control = |byte: &&u8| {
        byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | 0x1b)
    };
    let controls = bytes.iter().filter(is_control).count();
    controls > FEW_CONTROLS && controls > bytes.len() / 100
}

/// Whether most of what is not ASCII is UTF-8, so that the rest is damage.
fn is_mostly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good >= bad * GOOD_PER_BAD
}

/// Whether it reads like a language of Western Europe: one letter in ten or so has an accent, and there are none of
/// the bytes that stand for nothing.
fn may_be_windows_1252(bytes: &[u8]) -> bool {
    let high = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    let written = bytes.iter().filter(|byte| !byte.is_ascii_whitespace()).count();
    let is_nothing = |byte: &u8| matches!(byte, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d);
    !bytes.iter().any(is_nothing) && (high <= FEW_HIGH || high * 4 <= written)
}

/// A byte of Windows-1252 (WHATWG Encoding Standard); Latin-1 is the same but for 0x80 to 0x9F.
pub(super) fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    let high = usize::from(byte).checked_sub(0x80).and_then(|at| HIGH.get(at));
    high.copied().unwrap_or_else(|| char::from(byte))
}

/// A byte of ISO 8859-15.
fn latin_9(byte: u8) -> char {
    match byte {
        0xa4 => '€',
        0xa6 => 'Š',
        0xa8 => 'š',
        0xb4 => 'Ž',
        0xb8 => 'ž',
        0xbc => 'Œ',
        0xbd => 'œ',
        0xbe => 'Ÿ',
        other => char::from(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_writing_is_read() {
        for (bytes, expected) in [
            ("Öl – 5 €".as_bytes(), "Öl – 5 €"),
            (b"\xef\xbb\xbfHi", "Hi"),
            (b"\xff\xfeH\0\xd6\0", "HÖ"),
            (b"\xfe\xff\0H\xd8\x3d\xde\x00!", "H\u{1f600}"),
            (b"\xfe\xff\xd8\x00", "\u{fffd}"),
            (b"\xd6l \x96 5 \x80", "Öl – 5 €"),
        ] {
            assert_eq!(text(bytes), expected);
            assert_eq!(decoded(bytes, None).unwrap(), expected);
        }
    }

    #[test]
    fn the_declared_encoding_counts() {
        assert_eq!(decoded(b"5 \xa4", Some("ISO-8859-15")).unwrap(), "5 €");
        assert_eq!(decoded(b"caf\xe9 \x80", Some("latin1")).unwrap(), "café €");
        assert_eq!(decoded(b"H\0i\0", Some("utf-16le")).unwrap(), "Hi");
        assert_eq!(decoded(b"\0H\0i", Some("UTF-16BE")).unwrap(), "Hi");
        // Servers that say Latin-1 of everything.
        assert_eq!(decoded("Öl".as_bytes(), Some("iso-8859-1")).unwrap(), "Öl");
        assert_eq!(of_media_type("text/html; x=y; Charset=\"Shift_JIS\""), Some("Shift_JIS"));
        assert_eq!(of_media_type("text/html"), None);
    }

    #[test]
    fn an_encoding_that_is_not_read_is_refused() {
        let japanese = b"\x82\xb1\x82\xf1\x82\xc9\x82\xbf\x82\xcd";
        assert_eq!(decoded(japanese, Some("shift_jis")), Err(Refusal::Charset));
        assert_eq!(decoded(b"\x1b$B$3\x1b(B", Some("iso-2022-jp")), Err(Refusal::Charset));
        assert_eq!(decoded(b"Only ASCII.", Some("shift_jis")).unwrap(), "Only ASCII.");
        // Nothing is declared, but nobody writes so in Western Europe.
        let russian = b"\xcf\xf0\xe8\xe2\xe5\xf2, \xea\xe0\xea \xe4\xe5\xeb\xe0? ".repeat(4);
        assert_eq!(decoded(&russian, None), Err(Refusal::Charset));
        assert_eq!(decoded(&russian, Some("utf-8")), Err(Refusal::Charset));
    }

    #[test]
    fn a_damaged_byte_is_no_other_encoding() {
        let mut page = "Für Ärzte, schöne Grüße. ".repeat(9).into_bytes();
        page.push(0xfc);
        let expected = "Für Ärzte, schöne Grüße. ".repeat(9) + "\u{fffd}";
        assert_eq!(decoded(&page, None).unwrap(), expected);
        assert_eq!(decoded(&page, Some("utf-8")).unwrap(), expected);
        assert_eq!(text(&page), expected);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(4_000).collect();
        assert_eq!(decoded(&bytes, None), Err(Refusal::Broken));
        assert_eq!(decoded(&bytes, Some("windows-1252")), Err(Refusal::Broken));
        let mut almost = b"A line of text.\n".repeat(50);
        almost.extend([0, 7, 8]);
        assert!(decoded(&almost, None).is_ok());
    }

    #[test]
    fn what_grows_is_bounded_before_it_is_made() {
        // Each of these bytes becomes three.
        let quotes = vec![0x93; LONGEST_DECODED / 2];
        assert_eq!(decoded(&quotes, Some("windows-1252")), Err(Refusal::TooLong));
        let wide = [0x4e].repeat(LONGEST_DECODED / 3 * 2 + 4);
        assert_eq!(decoded(&wide, Some("utf-16")), Err(Refusal::TooLong));
    }

    #[test]
    fn a_page_says_what_it_is_written_in() {
        for (page, label) in [
            (r#"<html><head><meta charset="windows-1251">"#, Some("windows-1251")),
            (
                "<meta http-equiv=Content-Type content='text/html; charset=Shift_JIS'>",
                Some("Shift_JIS"),
            ),
            (r#"<?xml version="1.0" encoding="ISO-8859-2"?><html>"#, Some("ISO-8859-2")),
            ("<META CHARSET=utf-16>", Some("utf-8")),
            ("<!-- <meta charset=x> --><p>charset=y</p>", None),
        ] {
            assert_eq!(of_page(page.as_bytes()).as_deref(), label, "{page}");
        }
    }
}
