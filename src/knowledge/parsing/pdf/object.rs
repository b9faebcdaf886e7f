//! Objects as they are written (ISO 32000-1, 7.2 and 7.3).

use std::borrow::Cow;

/// Arrays and dictionaries within one another, at most.
const DEEPEST: usize = 24;
/// Most objects within one.
pub(super) const MOST_ITEMS: usize = 200_000;

/// An object.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Object<'a> {
    Null,
    Number(f64),
    /// Without its slash.
    Name(Cow<'a, [u8]>),
    String(Cow<'a, [u8]>),
    Array(Vec<Self>),
    Dictionary(Dictionary<'a>),
    /// The number of another object.
    Reference(u32),
    /// An operator, or a word of the file's own.
    Keyword(&'a [u8]),
}

impl<'a> Object<'a> {
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A whole number that is not negative.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is tested before"
    )]
    pub(super) fn count(&self) -> Option<usize> {
        self.number().filter(|number| (0.0..=4e9).contains(number)).map(|number| number as usize)
    }

    pub(super) fn name(&self) -> Option<&[u8]> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn string(&self) -> Option<&[u8]> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The number of the object that it refers to.
    pub(super) fn reference(&self) -> Option<u32> {
        match self {
            Self::Reference(number) => Some(*number),
            _ => None,
        }
    }

    /// How many objects it is, those within it included. No object is deeper than [`DEEPEST`].
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Array(items) => 1 + items.iter().map(Self::size).sum::<usize>(),
            Self::Dictionary(Dictionary(entries)) => {
                1 + entries.iter().map(|(_, value)| 1 + value.size()).sum::<usize>()
            }
            _ => 1,
        }
    }

    pub(super) fn dictionary(&self) -> Option<&Dictionary<'a>> {
        match self {
            Self::Dictionary(dictionary) => Some(dictionary),
            _ => None,
        }
    }
}

/// Names and what they stand for, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Dictionary<'a>(Vec<(Cow<'a, [u8]>, Object<'a>)>);

impl<'a> Dictionary<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&Object<'a>> {
        self.of(name.as_bytes())
    }

    pub(super) fn of(&self, name: &[u8]) -> Option<&Object<'a>> {
        self.0.iter().find(|(key, _)| key.as_ref() == name).map(|(_, value)| value)
    }

    /// The value of a name, to keep; the rest is dropped.
    pub(super) fn take(self, name: &str) -> Option<Object<'a>> {
        let mut entries = self.0.into_iter();
        entries.find(|(key, _)| key.as_ref() == name.as_bytes()).map(|(_, value)| value)
    }

    /// How many names there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is(&self, name: &str, value: &str) -> bool {
        self.get(name).and_then(Object::name) == Some(value.as_bytes())
    }
}

/// Reads objects one after another.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
    /// Objects within the one that is being read.
    items: usize,
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

impl<'a> Lexer<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, items: 0 }
    }

    /// How many objects the last one was, those within it included.
    pub(super) fn size(&self) -> usize {
        self.items
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                let end = self.rest().iter().position(|byte| matches!(byte, b'\n' | b'\r'));
                self.at += end.unwrap_or(self.rest().len());
            } else if is_space(byte) {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    /// The next object; nothing at the end.
    pub(super) fn object(&mut self) -> Option<Object<'a>> {
        self.items = 0;
        self.nested(0)
    }

    fn nested(&mut self, depth: usize) -> Option<Object<'a>> {
        self.skip_space();
        self.items += 1;
        if self.items > MOST_ITEMS {
            return None;
        }
        let object = match self.peek()? {
            b'/' => Object::Name(self.name()),
            b'(' => Object::String(self.literal()),
            b'<' if self.rest().starts_with(b"<<") => {
                self.at += 2;
                Object::Dictionary(self.dictionary(depth)?)
            }
            b'<' => Object::String(self.hexadecimal()),
            b'[' => {
                self.at += 1;
                Object::Array(self.array(depth)?)
            }
            b'0'..=b'9' | b'+' | b'-' | b'.' => self.number_or_reference(),
            // What closes nothing, and the braces of functions.
            b')' | b']' | b'{' | b'}' => {
                self.at += 1;
                Object::Null
            }
            b'>' => {
                self.at += if self.rest().starts_with(b">>") { 2 } else { 1 };
                Object::Null
            }
            _ => match self.word() {
                b"null" | b"true" | b"false" => Object::Null,
                word => Object::Keyword(word),
            },
        };
        Some(object)
    }

    /// Bytes up to a blank or a delimiter.
    fn word(&mut self) -> &'a [u8] {
        let rest = self.rest();
        let end = rest.iter().position(|byte| is_space(*byte) || is_delimiter(*byte));
        let end = end.unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn name(&mut self) -> Cow<'a, [u8]> {
        self.at += 1;
        let word = self.word();
        if !word.contains(&b'#') {
            return Cow::Borrowed(word);
        }
        let mut name = Vec::with_capacity(word.len());
        let mut rest = word;
        while let Some((first, tail)) = rest.split_first() {
            let code = tail.first_chunk::<2>().filter(|_| *first == b'#');
            let code = code.and_then(|[high, low]| Some(digit(*high)? * 16 + digit(*low)?));
            name.push(code.unwrap_or(*first));
            rest = if code.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
        }
        Cow::Owned(name)
    }

    fn literal(&mut self) -> Cow<'a, [u8]> {
        self.at += 1;
        let start = self.at;
        let (mut open, mut escapes) = (1_usize, false);
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'\\' => {
                    escapes = true;
                    self.at += 1;
                }
                b'(' => open += 1,
                b')' => open -= 1,
                _ => {}
            }
            if open == 0 {
                break;
            }
        }
        let end = if open == 0 { self.at - 1 } else { self.bytes.len() };
        let inside = self.bytes.get(start..end).unwrap_or_default();
        if escapes { Cow::Owned(unescaped(inside)) } else { Cow::Borrowed(inside) }
    }

    fn hexadecimal(&mut self) -> Cow<'a, [u8]> {
        self.at += 1;
        let rest = self.rest();
        let end = rest.iter().position(|byte| *byte == b'>').unwrap_or(rest.len());
        self.at += end + 1;
        let mut digits: Vec<u8> =
            rest.get(..end).unwrap_or_default().iter().filter_map(|byte| digit(*byte)).collect();
        if digits.len() % 2 == 1 {
            digits.push(0);
        }
        let (pairs, _) = digits.as_chunks::<2>();
        Cow::Owned(pairs.iter().map(|[high, low]| high * 16 + low).collect())
    }

    fn array(&mut self, depth: usize) -> Option<Vec<Object<'a>>> {
        let mut items = Vec::new();
        loop {
            self.skip_space();
            if self.peek()? == b']' {
                self.at += 1;
                return Some(items);
            }
            if depth == DEEPEST {
                return None;
            }
            items.push(self.nested(depth + 1)?);
        }
    }

    fn dictionary(&mut self, depth: usize) -> Option<Dictionary<'a>> {
        let mut entries = Vec::new();
        loop {
            self.skip_space();
            if self.rest().starts_with(b">>") {
                self.at += 2;
                return Some(Dictionary(entries));
            }
            if depth == DEEPEST {
                return None;
            }
            match self.nested(depth + 1)? {
                Object::Name(name) => entries.push((name, self.nested(depth + 1)?)),
                // What ends an object ends a dictionary that was not closed.
                Object::Keyword(b"endobj" | b"stream" | b"endstream") => return None,
                _ => {}
            }
        }
    }

    /// A number, or three words that are a reference: `12 0 R`.
    fn number_or_reference(&mut self) -> Object<'a> {
        let word = self.word();
        let Some(number) = number(word) else { return Object::Null };
        let whole = std::str::from_utf8(word).ok().and_then(|text| text.parse::<u32>().ok());
        let Some(whole) = whole else { return Object::Number(number) };
        let mut ahead = self.clone();
        ahead.skip_space();
        let generation = ahead.word();
        let is_generation =
            (1..=5).contains(&generation.len()) && generation.iter().all(u8::is_ascii_digit);
        if !is_generation {
            return Object::Number(number);
        }
        ahead.skip_space();
        if ahead.word() != b"R" {
            return Object::Number(number);
        }
        *self = ahead;
        Object::Reference(whole)
    }
}

/// A number: signs, digits, a point, digits. The standard library's parser knows exponents, which PDF has not, and is
/// larger than all of this file.
fn number(word: &[u8]) -> Option<f64> {
    // Some programs write two signs.
    let signs = word.iter().take_while(|byte| matches!(byte, b'+' | b'-')).count();
    let is_negative = word.first() == Some(&b'-');
    let (mut value, mut scale) = (0.0, None);
    for byte in word.get(signs..)? {
        match (byte, &mut scale) {
            (b'0'..=b'9', None) => value = value * 10.0 + f64::from(byte - b'0'),
            (b'0'..=b'9', Some(scale)) => {
                *scale /= 10.0;
                value += f64::from(byte - b'0') * *scale;
            }
            (b'.', None) => scale = Some(1.0),
            // What comes after is of nobody's making.
            _ => return None,
        }
    }
    let value = if is_negative { -value } else { value };
    Some(value).filter(|value: &f64| value.is_finite())
}

/// The value of a hexadecimal digit.
pub(super) fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// The bytes of a literal string: `\n`, `\(`, `\101`, and lines that go on.
fn unescaped(inside: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let Some((escaped, tail)) = rest.split_first() else { break };
        rest = tail;
        match escaped {
            b'n' => bytes.push(b'\n'),
            b'r' => bytes.push(b'\r'),
            b't' => bytes.push(b'\t'),
            b'b' | b'f' => bytes.push(b' '),
            b'\r' => rest = rest.strip_prefix(b"\n").unwrap_or(rest),
            b'\n' => {}
            b'0'..=b'7' => {
                let mut code = u32::from(escaped - b'0');
                for _ in 0..2 {
                    let Some((digit @ b'0'..=b'7', tail)) = rest.split_first() else { break };
                    code = code * 8 + u32::from(digit - b'0');
                    rest = tail;
                }
                bytes.push((code & 0xff) as u8);
            }
            other => bytes.push(*other),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<Object<'_>> {
        let mut lexer = Lexer::new(text.as_bytes(), 0);
        std::iter::from_fn(|| lexer.object()).collect()
    }

    fn string(text: &'static [u8]) -> Object<'static> {
        Object::String(Cow::Borrowed(text))
    }

    #[test]
    fn objects_are_read_as_they_are_written() {
        assert_eq!(
            read("/A#20B % note\n(a\\(\\101\\n(b)\\\nc) <48 6> [1 -2.5 3 0 R] Tj"),
            [
                Object::Name(Cow::Borrowed(b"A B")),
                string(b"a(A\n(b)c"),
                string(b"H`"),
                Object::Array(vec![
                    Object::Number(1.0),
                    Object::Number(-2.5),
                    Object::Reference(3)
                ]),
                Object::Keyword(b"Tj"),
            ]
        );
        let [Object::Dictionary(found)] = &read("<< /Kids [1 0 R 2 0 R] /N <</M true>> >>")[..]
        else {
            panic!("a dictionary")
        };
        assert_eq!(found.get("Kids").and_then(Object::array).map(<[_]>::len), Some(2));
        assert!(found.get("N").and_then(Object::dictionary).is_some());
    }

    #[test]
    fn numbers_are_as_pdf_writes_them() {
        for (text, value) in
            [("12", 12.0), ("-.5", -0.5), ("+4.", 4.0), ("--7.25", -7.25), ("0012.50", 12.5)]
        {
            let found = number(text.as_bytes()).unwrap();
            assert!((found - value).abs() < 1e-9, "{text}: {found}");
        }
        assert_eq!(
            (number(b"1e9"), number(b"1.2.3"), number("9".repeat(400).as_bytes())),
            (None, None, None)
        );
    }

    #[test]
    fn depth_is_bounded() {
        assert!(Lexer::new("[".repeat(1_000_000).as_bytes(), 0).object().is_none());
        assert!(Lexer::new("<</A".repeat(1_000_000).as_bytes(), 0).object().is_none());
        assert!(
            Lexer::new(format!("[{}]", "1 ".repeat(MOST_ITEMS)).as_bytes(), 0).object().is_none()
        );
    }

    proptest! {
        #[test]
        fn every_file_comes_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut lexer = Lexer::new(&bytes, 0);
            let mut count = 0;
            while lexer.object().is_some() {
                count += 1;
                prop_assert!(count <= bytes.len());
            }
        }
    }
}
