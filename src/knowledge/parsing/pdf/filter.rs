//! What a stream's data are wrapped in (ISO 32000-1, 7.4).

use super::object::{Dictionary, digit, is_space};
use crate::knowledge::parsing::inflate::inflate_zlib;
use crate::knowledge::parsing::manuscript::Refusal;

/// Unwraps data by the filter of a name, into `most` bytes at most; nothing for those of images.
pub(super) fn decode(
    name: &[u8],
    data: &[u8],
    parameters: Option<&Dictionary<'_>>,
    most: usize,
) -> Result<Option<Vec<u8>>, Refusal> {
    let decoded = match name {
        b"FlateDecode" | b"Fl" => predicted(inflate_zlib(data, most)?, parameters),
        b"LZWDecode" | b"LZW" => {
            let early = parameters.and_then(|parameters| parameters.get("EarlyChange")?.count());
            predicted(lzw(data, early != Some(0), most)?, parameters)
        }
        b"ASCIIHexDecode" | b"AHx" => hexadecimal(data),
        b"ASCII85Decode" | b"A85" => ascii_85(data, most)?,
        _ => return Ok(None),
    };
    Ok(Some(decoded))
}

fn hexadecimal(data: &[u8]) -> Vec<u8> {
    let end = data.iter().position(|byte| *byte == b'>').unwrap_or(data.len());
    let digits: Vec<u8> =
        data.get(..end).unwrap_or_default().iter().filter_map(|byte| digit(*byte)).collect();
    digits
        .chunks(2)
        .map(|pair| pair.first().unwrap_or(&0) * 16 + pair.get(1).unwrap_or(&0))
        .collect()
}

fn ascii_85(data: &[u8], most: usize) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let mut group: Vec<u32> = Vec::with_capacity(5);
    for byte in data.iter().copied().filter(|byte| !is_space(*byte)) {
        match byte {
            b'z' if group.is_empty() => bytes.extend([0; 4]),
            b'!'..=b'u' => group.push(u32::from(byte - b'!')),
            _ => break,
        }
        if group.len() == 5 {
            push_group(&mut bytes, &group, 4);
            group.clear();
        }
        if bytes.len() > most {
            return Err(Refusal::TooComplex);
        }
    }
    if group.len() > 1 {
        let whole = group.len() - 1;
        group.resize(5, 84);
        push_group(&mut bytes, &group, whole);
    }
    Ok(bytes)
}

fn push_group(bytes: &mut Vec<u8>, group: &[u32], count: usize) {
    let value =
        group.iter().fold(0_u32, |value, digit| value.wrapping_mul(85).wrapping_add(*digit));
    bytes.extend(value.to_be_bytes().into_iter().take(count));
}

/// LZW as of TIFF: codes of 9 to 12 bits; 256 begins anew, 257 ends.
fn lzw(data: &[u8], early: bool, most: usize) -> Result<Vec<u8>, Refusal> {
    const CLEAR: usize = 256;
    const END: usize = 257;
    const FULL: usize = 4_096;
    let mut bytes: Vec<u8> = Vec::new();
    // Where in the output the text of each code from 258 on stands, and its length.
    let mut table: Vec<(usize, usize)> = Vec::new();
    let (mut buffer, mut bits, mut width) = (0_u32, 0_u32, 9_u32);
    let mut previous: Option<(usize, usize)> = None;
    for byte in data {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        if bits < width {
            continue;
        }
        bits -= width;
        let code = usize::try_from((buffer >> bits) & ((1 << width) - 1)).unwrap_or(END);
        buffer &= (1 << bits) - 1;
        match code {
            CLEAR => {
                table.clear();
                (width, previous) = (9, None);
                continue;
            }
            END => break,
            _ => {}
        }
        let start = bytes.len();
        if let Ok(byte) = u8::try_from(code) {
            bytes.push(byte);
        } else {
            // The code that is about to be made is the text before and its first byte.
            let made = previous.filter(|_| code == table.len() + 258);
            let made = made.map(|(from, length)| (from, length + 1));
            let Some((from, length)) = table.get(code - 258).copied().or(made) else { break };
            if start + length > most {
                return Err(Refusal::TooComplex);
            }
            for at in from..from + length {
                let byte = bytes.get(at).copied().unwrap_or_default();
                bytes.push(byte);
            }
        }
        if let Some((from, length)) = previous
            && table.len() + 258 < FULL
        {
            table.push((from, length + 1));
        }
        previous = Some((start, bytes.len() - start));
        width = match table.len() + 258 + usize::from(early) {
            0..512 => 9,
            512..1_024 => 10,
            1_024..2_048 => 11,
            _ => 12,
        };
        if bytes.len() > most {
            return Err(Refusal::TooComplex);
        }
    }
    Ok(bytes)
}

/// Undoes the prediction of rows as of PNG (7.4.4.4), which tables of objects use.
fn predicted(data: Vec<u8>, parameters: Option<&Dictionary<'_>>) -> Vec<u8> {
    let number = |name: &str, default: usize| {
        parameters.and_then(|parameters| parameters.get(name)?.count()).unwrap_or(default)
    };
    if number("Predictor", 1) < 10 {
        return data;
    }
    let depth = number("Colors", 1).min(32) * number("BitsPerComponent", 8).min(32);
    let pixel = depth.div_ceil(8).max(1);
    let width = (number("Columns", 1).min(1 << 20) * depth).div_ceil(8).max(1);
    let mut rows: Vec<u8> = Vec::with_capacity(data.len());
    let mut above = vec![0; width];
    for row in data.chunks(width + 1) {
        let Some((kind, row)) = row.split_first() else { break };
        let mut written = Vec::with_capacity(width);
        for (at, byte) in row.iter().enumerate() {
            let before = |row: &[u8]| {
                at.checked_sub(pixel).and_then(|at| row.get(at).copied()).unwrap_or_default()
            };
            let (left, up, corner) =
                (before(&written), above.get(at).copied().unwrap_or_default(), before(&above));
            let guess = match kind {
                1 => left,
                2 => up,
                3 => u8::midpoint(left, up),
                4 => paeth(left, up, corner),
                _ => 0,
            };
            written.push(byte.wrapping_add(guess));
        }
        rows.extend(&written);
        above = written;
    }
    rows
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(up) - i16::from(corner);
    let distance = |byte: u8| (guess - i16::from(byte)).abs();
    if distance(left) <= distance(up) && distance(left) <= distance(corner) {
        left
    } else if distance(up) <= distance(corner) {
        up
    } else {
        corner
    }
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec_zlib;
    use proptest::prelude::*;

    use super::super::object::{Lexer, Object};
    use super::*;

    fn decoded(name: &str, data: &[u8]) -> Vec<u8> {
        decode(name.as_bytes(), data, None, 1_000).unwrap().unwrap()
    }

    #[test]
    fn each_filter_gives_the_data_back() {
        assert_eq!(decoded("AHx", b"48 65 6C6c6F>"), b"Hello");
        assert_eq!(decoded("ASCII85Decode", b"87cUR D]i,\"\nEbo80~>"), b"Hello World!");
        assert_eq!(decoded("A85", b"z87c~>"), b"\0\0\0\0He");
        assert_eq!(decoded("FlateDecode", &compress_to_vec_zlib(b"Hello", 6)), b"Hello");
        // ISO 32000-1, 7.4.4.2, example 1.
        let lzw = [0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01];
        assert_eq!(decoded("LZWDecode", &lzw), [45, 45, 45, 45, 45, 65, 45, 45, 45, 66]);
        assert_eq!(decode(b"DCTDecode", b"x", None, 10), Ok(None));
    }

    /// Codes each of which stands for one byte more than the one before.
    fn longer_and_longer(count: u32) -> Vec<u8> {
        let codes = [256, 0].into_iter().chain(258..258 + count);
        let bits: Vec<bool> =
            codes.flat_map(|code| (0..9).rev().map(move |bit| code >> bit & 1 == 1)).collect();
        bits.chunks(8)
            .map(|byte| byte.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit)))
            .collect()
    }

    #[test]
    fn rows_are_unpredicted() {
        let mut lexer = Lexer::new(b"<</Predictor 12 /Columns 3>>", 0);
        let Some(Object::Dictionary(parameters)) = lexer.object() else { panic!("a dictionary") };
        let rows = [2, 1, 2, 3, 2, 1, 1, 1, 1, 5, 1, 1];
        let data = compress_to_vec_zlib(&rows, 6);
        let found = decode(b"Fl", &data, Some(&parameters), 100).unwrap().unwrap();
        assert_eq!(found, [1, 2, 3, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn no_filter_unfolds_more_than_it_may() {
        let bomb = compress_to_vec_zlib(&vec![0; 1_000_000], 9);
        assert_eq!(decode(b"Fl", &bomb, None, 999_999), Err(Refusal::TooComplex));
        assert_eq!(decode(b"A85", &[b'z'; 1_000], None, 3_000), Err(Refusal::TooComplex));
        assert_eq!(decode(b"LZW", &longer_and_longer(100), None, 3_000), Err(Refusal::TooComplex));
    }

    proptest! {
        #[test]
        fn no_data_break_a_filter(data in prop::collection::vec(any::<u8>(), 0..300), early in any::<bool>()) {
            prop_assert!(lzw(&data, early, 2_000).is_ok_and(|bytes| bytes.len() <= 2_000) || lzw(&data, early, 2_000).is_err());
            for name in [&b"Fl"[..], b"A85", b"AHx"] {
                if let Ok(Some(bytes)) = decode(name, &data, None, 2_000) {
                    prop_assert!(bytes.len() <= 2_004);
                }
            }
        }
    }
}
