//! Tags and text of HTML and XML, one after another, without a tree: no depth, no memory.

/// A tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::knowledge) struct Tag<'a> {
    /// As written.
    pub(in crate::knowledge) name: &'a str,
    /// What is between the name and the end, as written.
    pub(in crate::knowledge) attributes: &'a str,
    /// Whether it ends in `/>`.
    pub(in crate::knowledge) closes_itself: bool,
}

impl Tag<'_> {
    /// Whether it is of this name, in whatever case.
    pub(in crate::knowledge) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Whether it is of one of these names.
    pub(in crate::knowledge) fn is_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.is(name))
    }
}

/// A piece of markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::knowledge) enum Token<'a> {
    /// Text as written, with its entities.
    Text(&'a str),
    /// The start of an element.
    Open(Tag<'a>),
    /// Its end.
    Close(Tag<'a>),
}

/// What a `<` begins.
enum Markup<'a> {
    Token(Token<'a>),
    /// A comment or the like.
    Nothing,
    /// None of it: the character is text.
    Text,
}

/// The pieces of a text.
#[derive(Debug)]
pub(in crate::knowledge) struct Tokens<'a> {
    rest: &'a str,
    /// In HTML: the name of the element that is being read, whose content is no markup.
    raw: Option<&'a str>,
    is_html: bool,
}

impl<'a> Tokens<'a> {
    pub(in crate::knowledge) fn of_html(text: &'a str) -> Self {
        Self { rest: text, raw: None, is_html: true }
    }

    pub(in crate::knowledge) fn of_xml(text: &'a str) -> Self {
        Self { rest: text, raw: None, is_html: false }
    }

    /// The text up to the end tag of an element whose content is no markup.
    fn raw_text(&mut self, name: &str) -> Token<'a> {
        let mut from = 0;
        while let Some(at) = self.rest.get(from..).and_then(|rest| rest.find("</")) {
            let start = from + at;
            let after = self.rest.get(start + 2..).unwrap_or_default();
            if after.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
                return self.cut(start);
            }
            from = start + 2;
        }
        self.cut(self.rest.len())
    }

    /// Gives the text before `at`, and goes on from there.
    fn cut(&mut self, at: usize) -> Token<'a> {
        let (text, rest) = self.rest.split_at_checked(at).unwrap_or((self.rest, ""));
        self.rest = rest;
        Token::Text(text)
    }

    /// What begins with `<`.
    fn markup(&mut self) -> Markup<'a> {
        let inside = self.rest.strip_prefix('<').unwrap_or_default();
        if let Some(comment) = inside.strip_prefix("!--") {
            self.rest = comment.split_once("-->").map_or("", |(_, rest)| rest);
            return Markup::Nothing;
        }
        if let Some(data) = inside.strip_prefix("![CDATA[").filter(|_| !self.is_html) {
            let (text, rest) = data.split_once("]]>").unwrap_or((data, ""));
            self.rest = rest;
            return Markup::Token(Token::Text(text));
        }
        if inside.starts_with(['!', '?']) {
            self.rest = inside.split_once('>').map_or("", |(_, rest)| rest);
            return Markup::Nothing;
        }
        let (is_end, named) = inside.strip_prefix('/').map_or((false, inside), |rest| (true, rest));
        if !named.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Markup::Text;
        }
        let end = tag_end(named);
        let (written, rest) = named.split_at_checked(end).unwrap_or((named, ""));
        self.rest = rest.strip_prefix('>').unwrap_or(rest);
        let closes_itself = written.ends_with('/');
        let written = written.strip_suffix('/').unwrap_or(written);
        let name_end =
            written.find(|c: char| c.is_ascii_whitespace() || c == '/').unwrap_or(written.len());
        let (name, attributes) = written.split_at_checked(name_end).unwrap_or((written, ""));
        let tag = Tag { name, attributes, closes_itself };
        if is_end {
            return Markup::Token(Token::Close(tag));
        }
        if self.is_html && !closes_itself && tag.is_any(&["script", "style", "textarea", "title"]) {
            self.raw = Some(name);
        }
        Markup::Token(Token::Open(tag))
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if let Some(name) = self.raw.take() {
            return Some(self.raw_text(name));
        }
        while !self.rest.is_empty() {
            if self.rest.starts_with('<') {
                match self.markup() {
                    Markup::Token(token) => return Some(token),
                    Markup::Nothing => continue,
                    Markup::Text => {
                        let after = self.rest.get(1..).unwrap_or_default();
                        return Some(
                            self.cut(after.find('<').map_or(self.rest.len(), |at| at + 1)),
                        );
                    }
                }
            }
            return Some(self.cut(self.rest.find('<').unwrap_or(self.rest.len())));
        }
        None
    }
}

/// Where a tag ends: at the first `>` outside of quotes.
fn tag_end(text: &str) -> usize {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return at,
            // A quote that begins no value is a slip of the pen.
            (None, '"' | '\'') if before == '=' => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        if !c.is_ascii_whitespace() {
            before = c;
        }
    }
    // A quote that never closes: the tag ends at the first `>` then.
    text.find('>').unwrap_or(text.len())
}

/// The value of an attribute of HTML, its entities read; of two the first counts.
pub(in crate::knowledge) fn attribute(tag: &Tag<'_>, name: &str) -> Option<String> {
    let mut rest = tag.attributes;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '/'));
        // A `=` that has no name before it is one.
        let end = end.map_or(rest.len(), |end| end.max(1));
        let (found, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let trimmed = after.trim_start();
        let (value, after) = match trimmed.strip_prefix('=') {
            Some(value) => value_of(value.trim_start()),
            None => ("", after),
        };
        if found.eq_ignore_ascii_case(name) {
            let mut text = String::with_capacity(value.len());
            push_text(&mut text, value);
            // A slash right behind a value without quotes is its last letter, not the end of the tag.
            if tag.closes_itself
                && !value.is_empty()
                && tag.attributes.ends_with(value)
                && after.is_empty()
            {
                text.push('/');
            }
            return Some(text);
        }
        rest = after;
    }
}

/// A value with or without quotes, and what follows it.
fn value_of(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(inside) = text.strip_prefix(quote) {
            return inside.split_once(quote).unwrap_or((inside, ""));
        }
    }
    let end = text.find(|c: char| c.is_ascii_whitespace()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Adds a text whose entities are read.
pub(in crate::knowledge) fn push_text(written: &mut String, text: &str) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        written.push_str(before);
        let (c, tail) = entity(after).unwrap_or(('&', after));
        written.push(c);
        rest = tail;
    }
    written.push_str(rest);
}

/// Longest name of an entity.
const LONGEST_ENTITY: usize = 10;

/// The character of an entity, and what follows it.
fn entity(text: &str) -> Option<(char, &str)> {
    let end = text.bytes().take(LONGEST_ENTITY + 1).position(|byte| byte == b';')?;
    let (name, rest) = text.split_at_checked(end)?;
    let tail = rest.get(1..)?;
    let c = match name.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            match u8::try_from(code) {
                // Pages mean Windows' characters by these numbers (WHATWG HTML, "numeric character reference").
                Ok(byte @ 0x80..=0x9f) => super::charset::windows_1252(byte),
                _ => char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
            }
        }
        None => named(name)?,
    };
    Some((c, tail))
}

/// Entities of Latin-1 from 160 on, in order.
const LATIN: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 \
     sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml \
     Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml \
     times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave \
     eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute \
     ucirc uuml yacute thorn yuml";

pub(in crate::knowledge) fn named(name: &str) -> Option<char> {
    const OTHERS: [(&str, char); 28] = [
        ("amp", '&'),
        ("lt", '<'),
        ("gt", '>'),
        ("quot", '"'),
        ("apos", '\''),
        ("hellip", '…'),
        ("mdash", '—'),
        ("ndash", '–'),
        ("lsquo", '‘'),
        ("rsquo", '’'),
        ("sbquo", '‚'),
        ("ldquo", '“'),
        ("rdquo", '”'),
        ("bdquo", '„'),
        ("lsaquo", '‹'),
        ("rsaquo", '›'),
        ("bull", '•'),
        ("euro", '€'),
        ("trade", '™'),
        ("rarr", '→'),
        ("larr", '←'),
        ("ensp", ' '),
        ("emsp", ' '),
        ("thinsp", ' '),
        ("zwnj", '\u{200c}'),
        ("minus", '−'),
        ("le", '≤'),
        ("ge", '≥'),
    ];
    if let Some((_, c)) = OTHERS.iter().find(|(known, _)| *known == name) {
        return Some(*c);
    }
    let at = LATIN.split_ascii_whitespace().position(|known| known == name)?;
    char::from_u32(160 + u32::try_from(at).ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn entities_are_read_and_others_stay() {
        let mut written = String::new();
        push_text(
            &mut written,
            "a &lt; b &amp;&amp; &uuml;&yuml;&nbsp;&#8364;&#150;&#x1F600;&bogus; &; & &#xffffffff; &#0;",
        );
        assert_eq!(written, "a < b && üÿ\u{a0}€–😀&bogus; &; & \u{fffd} \0");
    }

    #[test]
    fn tags_end_where_they_end() {
        let tokens: Vec<_> =
            Tokens::of_html("<a title=\"1 > 0\" b>x</a><br/>< 3 <p it's>y").collect();
        let tag = |name, attributes, closes_itself| Tag { name, attributes, closes_itself };
        assert_eq!(
            tokens,
            [
                Token::Open(tag("a", " title=\"1 > 0\" b", false)),
                Token::Text("x"),
                Token::Close(tag("a", "", false)),
                Token::Open(tag("br", "", true)),
                Token::Text("< 3 "),
                Token::Open(tag("p", " it's", false)),
                Token::Text("y"),
            ]
        );
    }

    proptest! {
        #[test]
        fn every_text_comes_to_an_end(text in any::<String>()) {
            let most = text.len() + 2;
            prop_assert!(Tokens::of_html(&text).take(most + 1).count() <= most);
        }
    }
}
