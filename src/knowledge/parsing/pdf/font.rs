//! From a font's codes to characters, and how wide they are (ISO 32000-1, 9.6 to 9.10).

use super::file::File;
use super::object::{Dictionary, Lexer, MOST_ITEMS, Object};
use super::table::Table;
use crate::knowledge::parsing::charset::windows_1252;
use crate::knowledge::parsing::manuscript::Refusal;
use crate::knowledge::parsing::markup::named;

/// Most operands of a map's operator.
const MOST_OPERANDS: usize = 100_000;
/// Most characters that one code stands for.
const LONGEST_TEXT: usize = 16;
/// Width of a character of which nothing is known, in thousandths.
const USUAL_WIDTH: f64 = 500.0;

/// A font.
#[derive(Debug, Default)]
pub(super) struct Font {
    /// Whether codes have two bytes.
    is_wide: bool,
    /// What the font says that codes mean: first to last, and the text of the first.
    unicode: Table<(u32, Vec<char>)>,
    /// What codes of one byte mean otherwise.
    encoding: Vec<char>,
    /// Whether anything is known of what codes mean.
    is_known: bool,
    widths: Table<f64>,
    width: f64,
}

/// A code as it is shown.
pub(super) struct Shown {
    /// In thousandths of the size.
    pub(super) width: f64,
    /// Whether it is the single byte 32, which word spacing is for.
    pub(super) is_space: bool,
}

impl Font {
    pub(super) fn read(file: &File<'_>, font: &Dictionary<'_>) -> Result<Self, Refusal> {
        let is_wide = font.is("Subtype", "Type0");
        let mut read = Self { is_wide, is_known: !is_wide, width: USUAL_WIDTH, ..Self::default() };
        if let Some(map) = font.get("ToUnicode")
            && let Some((_, data)) = file.stream(map)?
        {
            file.budget.read(data.len())?;
            read.take_map(file, &data)?;
        }
        if is_wide {
            read.take_wide_widths(file, font)?;
        } else {
            read.take_encoding(file, font)?;
            read.take_widths(file, font)?;
        }
        Ok(read)
    }

    /// Adds the text of what is shown, and tells each code.
    pub(super) fn show(&self, text: &[u8], written: &mut String, mut told: impl FnMut(&Shown)) {
        let size = if self.is_wide { 2 } else { 1 };
        for code in text.chunks(size) {
            let is_space = code == [b' '];
            let code = code.iter().fold(0, |code, byte| code << 8 | u32::from(*byte));
            self.push(code, written);
            let width = self.widths.get(code).copied().unwrap_or(self.width);
            told(&Shown { width, is_space });
        }
    }

    fn push(&self, code: u32, written: &mut String) {
        let range = self.unicode.up_to(code);
        if let Some((first, (last, text))) = range
            && code <= *last
        {
            let (rest, end) = text.split_at(text.len().saturating_sub(1));
            written.extend(rest);
            let end = end.first().map(|c| u32::from(*c) + (code - first));
            written.extend(end.and_then(char::from_u32));
        } else if self.is_known
            && let Ok(byte) = u8::try_from(code)
        {
            let c =
                self.encoding.get(usize::from(byte)).copied().unwrap_or_else(|| windows_1252(byte));
            match ligature(c) {
                Some(letters) => written.push_str(letters),
                None => written.push(c),
            }
        }
    }

    /// Reads a map of codes to texts (9.10.3): `<01> <0041>` and `<01> <05> <0041>`.
    fn take_map(&mut self, file: &File<'_>, data: &[u8]) -> Result<(), Refusal> {
        let mut lexer = Lexer::new(data, 0);
        let mut operands: Vec<Object<'_>> = Vec::new();
        let mut items = 0;
        while let Some(object) = lexer.object() {
            items += lexer.size();
            match object {
                Object::Keyword(b"endbfchar") => {
                    let (pairs, _) = operands.as_chunks::<2>();
                    for [code, text] in pairs {
                        if let (Some(code), Some(text)) = (code_of(code), text_of(text)) {
                            self.insert(file, code, code, text)?;
                        }
                    }
                }
                Object::Keyword(b"endbfrange") => {
                    let (triples, _) = operands.as_chunks::<3>();
                    for [first, last, texts] in triples {
                        self.take_range(file, first, last, texts)?;
                    }
                }
                Object::Keyword(b"beginbfchar" | b"beginbfrange") => {
                    operands.clear();
                    items = 0;
                }
                Object::Keyword(_) => {}
                operand if operands.len() < MOST_OPERANDS && items <= MOST_ITEMS => {
                    operands.push(operand);
                }
                _ => return Err(Refusal::TooComplex),
            }
        }
        Ok(())
    }

    fn take_range(
        &mut self,
        file: &File<'_>,
        first: &Object<'_>,
        last: &Object<'_>,
        texts: &Object<'_>,
    ) -> Result<(), Refusal> {
        let (Some(first), Some(last)) = (code_of(first), code_of(last)) else { return Ok(()) };
        if let Some(texts) = texts.array() {
            for (code, text) in (first..=last).zip(texts) {
                if let Some(text) = text_of(text) {
                    self.insert(file, code, code, text)?;
                }
            }
        } else if let Some(text) = text_of(texts) {
            self.insert(file, first, last.max(first), text)?;
        }
        Ok(())
    }

    fn insert(
        &mut self,
        file: &File<'_>,
        first: u32,
        last: u32,
        text: Vec<char>,
    ) -> Result<(), Refusal> {
        self.unicode.insert(first, (last, text));
        file.budget.entry()
    }

    fn take_encoding(&mut self, file: &File<'_>, font: &Dictionary<'_>) -> Result<(), Refusal> {
        let encoding = file.member(font, "Encoding")?;
        let base = match &*encoding {
            Object::Name(name) => Some(name.as_ref()),
            Object::Dictionary(own) => own.get("BaseEncoding").and_then(Object::name),
            _ => None,
        };
        let is_mac = base == Some(b"MacRomanEncoding");
        let usual = |byte| if is_mac { mac_roman(byte) } else { windows_1252(byte) };
        self.encoding = (0..=u8::MAX).map(usual).collect();
        let Some(own) = encoding.dictionary() else { return Ok(()) };
        let differences = file.member(own, "Differences")?;
        let mut code = 0;
        for item in differences.array().unwrap_or_default() {
            file.budget.read(8)?;
            if let Some(number) = item.count() {
                code = number;
            } else if let Some(name) = item.name() {
                let c = std::str::from_utf8(name).ok().and_then(glyph);
                if let (Some(slot), Some(c)) = (self.encoding.get_mut(code), c) {
                    *slot = c;
                }
                code = code.saturating_add(1);
            }
        }
        Ok(())
    }

    fn take_widths(&mut self, file: &File<'_>, font: &Dictionary<'_>) -> Result<(), Refusal> {
        let first = font.get("FirstChar").and_then(Object::count).unwrap_or_default();
        let widths = file.member(font, "Widths")?;
        for (at, width) in widths.array().unwrap_or_default().iter().take(256).enumerate() {
            if let (Ok(code), Some(width)) =
                (u32::try_from(first.saturating_add(at)), width.number())
            {
                self.take_width(file, code, Some(width))?;
            }
        }
        Ok(())
    }

    /// `W` holds `code [width …]` and `first last width` (9.7.4.3).
    fn take_wide_widths(&mut self, file: &File<'_>, font: &Dictionary<'_>) -> Result<(), Refusal> {
        let descendants = file.member(font, "DescendantFonts")?;
        let Some(first) = descendants.array().and_then(<[_]>::first) else { return Ok(()) };
        let descendant = file.resolved(first)?;
        let Some(descendant) = descendant.dictionary() else { return Ok(()) };
        self.width = descendant.get("DW").and_then(Object::number).unwrap_or(1_000.0);
        let widths = file.member(descendant, "W")?;
        let mut items = widths.array().unwrap_or_default().iter();
        while let (Some(first), Some(second)) = (items.next(), items.next()) {
            let Some(first) = first.count().and_then(|code| u32::try_from(code).ok()) else {
                break;
            };
            if let Some(list) = second.array() {
                for (code, width) in (first..).zip(list) {
                    self.take_width(file, code, width.number())?;
                }
            } else {
                let last =
                    second.count().and_then(|code| u32::try_from(code).ok()).unwrap_or(first);
                let width = items.next().and_then(Object::number);
                for code in first..=last.min(0xffff) {
                    self.take_width(file, code, width)?;
                }
            }
        }
        Ok(())
    }

    fn take_width(
        &mut self,
        file: &File<'_>,
        code: u32,
        width: Option<f64>,
    ) -> Result<(), Refusal> {
        if let Some(width) = width {
            self.widths.insert(code, width);
        }
        file.budget.entry()
    }
}

fn code_of(object: &Object<'_>) -> Option<u32> {
    let bytes = object.string().filter(|bytes| (1..=4).contains(&bytes.len()))?;
    Some(bytes.iter().fold(0, |code, byte| code << 8 | u32::from(*byte)))
}

/// A text in UTF-16.
fn text_of(object: &Object<'_>) -> Option<Vec<char>> {
    let (pairs, _) = object.string()?.as_chunks::<2>();
    let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
    let text: Vec<char> =
        char::decode_utf16(units).filter_map(Result::ok).take(LONGEST_TEXT).collect();
    Some(text)
}

/// Letters that are drawn as one.
fn ligature(c: char) -> Option<&'static str> {
    let letters = match c {
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        _ => return None,
    };
    Some(letters)
}

/// The character of a glyph's name (Adobe Glyph List): those of Latin letters and of what stands between them.
fn glyph(name: &str) -> Option<char> {
    const NAMES: &str = "space exclam quotedbl numbersign dollar percent ampersand quotesingle parenleft parenright \
         asterisk plus comma hyphen period slash zero one two three four five six seven eight nine colon semicolon less \
         equal greater question at";
    const SIGNS: &str = "bracketleft backslash bracketright asciicircum underscore grave";
    const OTHERS: [(&str, char); 34] = [
        ("braceleft", '{'),
        ("bar", '|'),
        ("braceright", '}'),
        ("asciitilde", '~'),
        ("quoteleft", '‘'),
        ("quoteright", '’'),
        ("quotedblleft", '“'),
        ("quotedblright", '”'),
        ("quotesinglbase", '‚'),
        ("quotedblbase", '„'),
        ("guilsinglleft", '‹'),
        ("guilsinglright", '›'),
        ("guillemotleft", '«'),
        ("guillemotright", '»'),
        ("endash", '–'),
        ("emdash", '—'),
        ("minus", '−'),
        ("bullet", '•'),
        ("ellipsis", '…'),
        ("Euro", '€'),
        ("sterling", '£'),
        ("trademark", '™'),
        ("registered", '®'),
        ("copyright", '©'),
        ("degree", '°'),
        ("multiply", '×'),
        ("germandbls", 'ß'),
        ("ae", 'æ'),
        ("nbspace", ' '),
        ("ff", 'ﬀ'),
        ("fi", 'ﬁ'),
        ("fl", 'ﬂ'),
        ("ffi", 'ﬃ'),
        ("ffl", 'ﬄ'),
    ];
    // What follows a dot is a way of drawing it.
    let name = name.split('.').next().unwrap_or_default();
    let mut letters = name.chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        return Some(letter);
    }
    let among = |names: &str, first: u32| {
        let at = names.split_ascii_whitespace().position(|known| known == name)?;
        char::from_u32(first + u32::try_from(at).ok()?)
    };
    let other = || OTHERS.iter().find(|(known, _)| *known == name).map(|(_, c)| *c);
    among(NAMES, 0x20)
        .or_else(|| among(SIGNS, 0x5b))
        .or_else(other)
        .or_else(|| accented(name))
        .or_else(|| numbered(name))
}

/// `adieresis` and its like: HTML names them in nearly the same way.
fn accented(name: &str) -> Option<char> {
    const ACCENTS: [(&str, &str); 7] = [
        ("dieresis", "uml"),
        ("circumflex", "circ"),
        ("cedilla", "cedil"),
        ("acute", "acute"),
        ("grave", "grave"),
        ("tilde", "tilde"),
        ("ring", "ring"),
    ];
    let (letter, accent) =
        ACCENTS.iter().find_map(|(own, html)| Some((name.strip_suffix(own)?, html)))?;
    named(&format!("{letter}{accent}"))
}

/// `uni20AC`, `u20AC`.
fn numbered(name: &str) -> Option<char> {
    let digits = name.strip_prefix("uni").or_else(|| name.strip_prefix('u'))?;
    let digits = digits.get(..digits.len().min(6))?;
    let four = if name.starts_with("uni") { digits.get(..4)? } else { digits };
    char::from_u32(u32::from_str_radix(four, 16).ok()?)
}

/// A byte of Mac OS Roman.
fn mac_roman(byte: u8) -> char {
    const HIGH: &str = "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»…\u{a0}ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\u{f8ff}ÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ";
    let high = usize::from(byte).checked_sub(0x80).and_then(|at| HIGH.chars().nth(at));
    high.unwrap_or_else(|| char::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glyphs_are_named_as_fonts_name_them() {
        for (name, c) in [
            ("A", 'A'),
            ("space", ' '),
            ("at", '@'),
            ("grave", '`'),
            ("hyphen", '-'),
            ("nine", '9'),
            ("odieresis", 'ö'),
            ("Ccedilla", 'Ç'),
            ("germandbls", 'ß'),
            ("uni20AC", '€'),
            ("u1F600", '😀'),
            ("fi", 'ﬁ'),
            ("a.alt", 'a'),
            ("bracketleft", '['),
            ("ellipsis", '…'),
        ] {
            assert_eq!(glyph(name), Some(c), "{name}");
        }
        assert_eq!((glyph("g23"), glyph(""), glyph("uniXYZ")), (None, None, None));
    }

    #[test]
    fn maps_say_what_codes_mean() {
        let mut font = Font { is_wide: true, ..Font::default() };
        let file = File::open(b"1 0 obj null endobj").unwrap();
        font.take_map(&file, b"1 begincodespacerange <0000> <ffff> endcodespacerange 2 beginbfchar <0003> <0020> <0010> <00660069>
            endbfchar 2 beginbfrange <0041> <0043> <0061> <0050> <0051> [<0058> <0059>] endbfrange").unwrap();
        let mut text = String::new();
        font.show(
            &[0, 0x41, 0, 0x43, 0, 3, 0, 0x10, 0, 0x50, 0, 0x51, 0xff, 0xff],
            &mut text,
            |_| {},
        );
        assert_eq!(text, "ac fiXY");
    }

    #[test]
    fn mac_roman_is_whole() {
        assert_eq!(
            (mac_roman(0x80), mac_roman(0xde), mac_roman(0xff), mac_roman(b'a')),
            ('Ä', 'ﬁ', 'ˇ', 'a')
        );
    }
}
