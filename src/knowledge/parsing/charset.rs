//! Bytes into text: UTF-8, UTF-16 with a byte order mark, else Windows-1252, which every byte fits.

use std::borrow::Cow;

/// The text of bytes. A wrong guess shows odd letters, never an error.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest),
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(bytes.iter().map(|byte| windows_1252(*byte)).collect()),
        },
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, _) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_writing_is_read() {
        assert_eq!(text("Öl – 5 €".as_bytes()), "Öl – 5 €");
        assert_eq!(text(b"\xef\xbb\xbfHi"), "Hi");
        assert_eq!(text(b"\xff\xfeH\0\xd6\0"), "HÖ");
        assert_eq!(text(b"\xfe\xff\0H\xd8\x3d\xde\x00!"), "H\u{1f600}");
        assert_eq!(text(b"\xfe\xff\xd8\x00"), "\u{fffd}");
        assert_eq!(text(b"\xd6l \x96 5 \x80"), "Öl – 5 €");
    }
}
