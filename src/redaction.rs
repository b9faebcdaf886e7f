//! Takes out of visitors' words what identifies a person and need not be seen in a feed: e-mail
//! addresses, phone, card and social security numbers.
//!
//! Numbers are judged by their shape, so that dates, times, amounts, ids, versions and addresses of
//! machines stay. Each text is walked once, with a bounded look ahead, whatever it holds.

use serde_json::{Map, Value};

const EMAIL: &str = "[redacted email]";
const PHONE: &str = "[redacted phone]";
const CARD: &str = "[redacted card]";
const SOCIAL_SECURITY: &str = "[redacted id]";

const FULL_WIDTH_DOT: char = '\u{FF0E}';

/// Digits of a card number (ISO/IEC 7812).
const MOST_DIGITS: usize = 19;

/// Addresses, and numbers, that are found in one text.
const MOST_CONTACTS: usize = 5;
/// Longest of them, in characters (RFC 3696, erratum 1690).
const LONGEST_CONTACT: usize = 254;

/// Words right in front of a number that is none of a phone, in lower case.
const ID_WORDS: [&str; 23] = [
    "order",
    "orders",
    "invoice",
    "ticket",
    "id",
    "ref",
    "reference",
    "confirmation",
    "tracking",
    "serial",
    "sku",
    "isbn",
    "version",
    "pedido",
    "factura",
    "referencia",
    "bestellung",
    "rechnung",
    "commande",
    "facture",
    "référence",
    "ordine",
    "fattura",
];
/// Words in front of a phone number, in lower case.
const PHONE_WORDS: [&str; 32] = [
    "phone",
    "tel",
    "telephone",
    "mobile",
    "cell",
    "call",
    "text",
    "whatsapp",
    "fax",
    "sms",
    "teléfono",
    "telefono",
    "móvil",
    "movil",
    "celular",
    "llamar",
    "llámame",
    "llamame",
    "telefon",
    "telefonnummer",
    "handy",
    "handynummer",
    "mobil",
    "anrufen",
    "tél",
    "téléphone",
    "portable",
    "appeler",
    "cellulare",
    "telefone",
    "telemóvel",
    "chiamare",
];
/// The word for a number, in lower case.
const NUMBER_WORDS: [&str; 6] = ["number", "número", "numero", "nummer", "numéro", "nr"];
/// How numbers with a country's code and without a plus begin, and how many digits they have. What is no
/// phone begins so less often than what is one.
const DIALLED_ABROAD: [(&[u32], usize); 34] = [
    (&[3, 4, 6], 11),
    (&[3, 4, 7], 11),
    (&[3, 4, 9], 11),
    (&[4, 4, 7], 12),
    (&[4, 4, 1], 12),
    (&[4, 4, 2, 0], 12),
    (&[3, 3, 6], 11),
    (&[3, 3, 7], 11),
    (&[3, 3, 1], 11),
    (&[4, 9, 1, 5], 13),
    (&[4, 9, 1, 6], 12),
    (&[4, 9, 1, 7], 12),
    (&[4, 9, 1, 7], 13),
    (&[3, 9, 3], 12),
    (&[3, 1, 6], 11),
    (&[3, 2, 4], 11),
    (&[4, 1, 7], 11),
    (&[4, 3, 6], 12),
    (&[4, 3, 6], 13),
    (&[4, 6, 7], 11),
    (&[4, 8, 5], 11),
    (&[4, 8, 6], 11),
    (&[3, 5, 1, 9], 12),
    (&[3, 5, 3, 8], 12),
    (&[5, 2, 5], 12),
    (&[5, 6, 9], 11),
    (&[5, 1, 9], 11),
    (&[5, 7, 3], 12),
    (&[6, 1, 4], 11),
    (&[9, 1, 9], 12),
    (&[9, 1, 8], 12),
    (&[7, 9], 11),
    (&[9, 7, 1, 5], 12),
    (&[9, 6, 6, 5], 12),
];

/// A stretch of a text that identifies a person: where it begins and ends, in bytes, and what takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its first byte.
    pub from: usize,
    /// The byte after it.
    pub to: usize,
    /// What takes its place.
    pub marker: &'static str,
}

/// The text without what identifies a person.
pub fn redacted(text: &str) -> String {
    let text = replaced(text, &emails(text));
    replaced(&text, &numbers(&text))
}

/// What [`redacted`] takes out of a text: addresses, then numbers, each in their order; they may overlap.
pub fn spans(text: &str) -> Vec<Span> {
    let mut spans = emails(text);
    spans.extend(numbers(text));
    spans
}

fn replaced(text: &str, spans: &[Span]) -> String {
    let mut written = String::with_capacity(text.len());
    let mut at = 0;
    for span in spans {
        written.push_str(text.get(at..span.from).unwrap_or_default());
        written.push_str(span.marker);
        at = span.to;
    }
    written.push_str(text.get(at..).unwrap_or_default());
    written
}

/// How a person can be reached, as they wrote it themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contacts {
    /// E-mail addresses, in the order of the text.
    pub emails: Vec<String>,
    /// Phone numbers, in the order of the text.
    pub phones: Vec<String>,
}

/// The e-mail addresses and phone numbers of a text, each once: what [`redacted`] takes out of it.
pub fn contacts(text: &str) -> Contacts {
    let mut contacts = Contacts::default();
    let addresses = emails(text);
    for span in &addresses {
        let address = text.get(span.from..span.to).unwrap_or_default();
        if let Some((local, _sign, domain)) = split_at_sign(address) {
            let domain = domain.replace(FULL_WIDTH_DOT, ".").to_lowercase();
            note(&mut contacts.emails, format!("{local}@{domain}"));
        }
    }
    let text = replaced(text, &addresses);
    for span in numbers(&text).iter().filter(|span| span.marker == PHONE) {
        let phone = text.get(span.from..span.to).unwrap_or_default();
        note(&mut contacts.phones, phone.trim().to_owned());
    }
    contacts
}

fn note(found: &mut Vec<String>, text: String) {
    if found.len() < MOST_CONTACTS
        && text.chars().count() <= LONGEST_CONTACT
        && !found.contains(&text)
    {
        found.push(text);
    }
}

/// The object with each text in it redacted, at any depth; the names of members stay.
pub fn redacted_object(object: Map<String, Value>) -> Map<String, Value> {
    object.into_iter().map(|(name, value)| (name, redacted_value(value))).collect()
}

fn redacted_value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(redacted(&text)),
        Value::Array(items) => Value::Array(items.into_iter().map(redacted_value).collect()),
        Value::Object(object) => Value::Object(redacted_object(object)),
        value => value,
    }
}

/// E-mail addresses, in letters of any script. What is looked at for one `@` ends at the next and at the one
/// before.
fn emails(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, sign, after)) = split_at_sign(rest) {
        let begin = text.len() - rest.len();
        let local = local_part_start(before, sign == "%40");
        rest = after;
        if let (Some(local), domain) = (local, domain_length(after))
            && domain > 0
        {
            rest = after.get(domain..).unwrap_or_default();
            found.push(Span { from: begin + local, to: text.len() - rest.len(), marker: EMAIL });
        }
    }
    found
}

/// What stands before and after the first `@`, and how that is written: also full-width, small, and as in
/// the address of a page.
fn split_at_sign(text: &str) -> Option<(&str, &str, &str)> {
    let is_sign = |(at, c): (usize, char)| match c {
        '@' | '\u{FF20}' | '\u{FE6B}' => Some((at, c.len_utf8())),
        '%' if text.get(at..).is_some_and(|rest| rest.starts_with("%40")) => Some((at, 3)),
        _ => None,
    };
    let (at, length) = text.char_indices().find_map(is_sign)?;
    let (before, rest) = text.split_at_checked(at)?;
    let (sign, after) = rest.split_at_checked(length)?;
    Some((before, sign, after))
}

/// Where the local part at the end of the text begins. Punctuation in front of its first letter or
/// digit belongs to the sentence, and so do the marks of a page's address around an encoded one.
fn local_part_start(before: &str, is_in_address: bool) -> Option<usize> {
    let is_local = |c: char| {
        let is_mark_of_page = is_in_address && "#&/=?".contains(c);
        (c.is_alphanumeric() || is_mark(c) || "!#$%&'*+-/=?^_`{|}~.".contains(c))
            && !is_mark_of_page
    };
    let local = before.len() - before.trim_end_matches(is_local).len();
    let local = before.get(before.len() - local..)?;
    let first = local.find(char::is_alphanumeric)?;
    Some(before.len() - local.len() + first)
}

/// The length of the domain at the start of the text: labels between dots, the last of at least two
/// characters and not all digits. 0 if there is none.
fn domain_length(after: &str) -> usize {
    let is_domain =
        |c: char| c.is_alphanumeric() || is_mark(c) || matches!(c, '-' | '.' | FULL_WIDTH_DOT);
    let domain = after.get(..after.find(|c| !is_domain(c)).unwrap_or(after.len()));
    let domain = domain.unwrap_or_default().trim_end_matches(['.', '-', FULL_WIDTH_DOT]);
    let mut labels = domain.split(['.', FULL_WIDTH_DOT]);
    let top = labels.next_back().unwrap_or_default();
    let is_top = top.chars().nth(1).is_some() && !top.chars().all(|c| c.is_ascii_digit());
    let is_whole = domain.contains(['.', FULL_WIDTH_DOT]) && labels.all(|label| !label.is_empty());
    if is_top && is_whole { domain.len() } else { 0 }
}

/// Marks that letters of many scripts carry.
fn is_mark(c: char) -> bool {
    matches!(u32::from(c), 0x300..=0x36F | 0x591..=0x5C7 | 0x64B..=0x65F | 0x900..=0xDFF | 0xE31..=0xE4E)
}

/// Phone, card and social security numbers.
fn numbers(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut context = Context::default();
    while !rest.is_empty() {
        let begin = text.len() - rest.len();
        if let Some((from, to, marker)) = number_at(rest, &context) {
            found.push(Span { from: begin + from, to: begin + to, marker });
            rest = rest.get(to..).unwrap_or_default();
            context = Context::default();
            continue;
        }
        let chunk = rest.find(is_delimiter).unwrap_or(rest.len());
        let next = if chunk > 0 { chunk } else { rest.chars().next().map_or(1, char::len_utf8) };
        let (plain, tail) = rest.split_at(next);
        context.pass(plain);
        rest = tail;
    }
    found
}

/// What stands before a number.
#[derive(Debug, Default)]
struct Context<'a> {
    /// The last three words.
    words: [&'a str; 3],
    /// The character right before.
    mark: Option<char>,
}

impl<'a> Context<'a> {
    fn pass(&mut self, plain: &'a str) {
        self.mark = plain.chars().next_back();
        let word = plain.trim_matches(|c: char| !c.is_alphanumeric());
        if !word.is_empty() {
            let [_, second, third] = self.words;
            self.words = [second, third, word];
        }
    }

    fn is_about_phone(&self) -> bool {
        self.words.iter().any(|word| is_one_of(word, &PHONE_WORDS))
    }

    fn is_about_id(&self) -> bool {
        let [_, near, nearest] = self.words;
        [near, nearest].iter().any(|word| is_one_of(word, &ID_WORDS))
    }

    fn is_about_number(&self) -> bool {
        self.words.iter().any(|word| is_one_of(word, &NUMBER_WORDS))
    }
}

fn is_one_of(word: &str, list: &[&str]) -> bool {
    // No known word is longer; what a visitor writes may be.
    word.len() <= 20
        && word.starts_with(char::is_alphabetic)
        && list.contains(&word.to_lowercase().as_str())
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2013}' | '\u{2212}')
}

/// Spaces that stand inside of numbers.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}')
}

/// What ends a chunk.
fn is_delimiter(c: char) -> bool {
    !c.is_alphanumeric()
        && !is_mark(c)
        && !is_hyphen(c)
        && !matches!(c, '.' | '/' | '(' | ')' | '+' | '_')
}

/// ASCII, Arabic-Indic, Persian and full-width digits.
fn digit(c: char) -> Option<u32> {
    [0x30, 0x660, 0x6F0, 0xFF10]
        .into_iter()
        .find_map(|zero| u32::from(c).checked_sub(zero).filter(|value| *value < 10))
}

/// Groups of digits, as one number may be written, and which marks stand between them.
#[expect(clippy::struct_excessive_bools, reason = "each mark is there or not, in any combination")]
#[derive(Debug, Clone, Default)]
struct Number {
    digits: Vec<u32>,
    /// Digits of each group.
    groups: Vec<usize>,
    plus: bool,
    brackets: bool,
    dot: bool,
    slash: bool,
    hyphen: bool,
    underscore: bool,
    space: bool,
    /// Where it begins and ends.
    from: usize,
    to: usize,
}

impl Number {
    /// Reads on through one chunk; gives its length, or nothing if the chunk is no number.
    fn read_chunk(&mut self, text: &str, at: usize) -> Option<usize> {
        let chunk = text.get(at..)?;
        let before = self.groups.len();
        let mut in_group = false;
        let mut end = chunk.len();
        let mut seen = false;
        for (position, c) in chunk.char_indices() {
            if let Some(value) = digit(c) {
                if self.digits.len() == MOST_DIGITS {
                    return None;
                }
                if !in_group {
                    self.groups.push(0);
                }
                if let Some(last) = self.groups.last_mut() {
                    *last += 1;
                }
                self.digits.push(value);
                if !seen && self.digits.len() == 1 && !(self.plus || self.brackets) {
                    self.from = at + position;
                }
                self.to = at + position + c.len_utf8();
                (in_group, seen) = (true, true);
                continue;
            }
            // Of what follows the last digit nothing counts.
            let goes_on = chunk.get(position..).is_some_and(more_digits);
            match c {
                '+' | '(' if self.digits.is_empty() && goes_on => {
                    if !(self.plus || self.brackets) {
                        self.from = at + position;
                    }
                    self.plus |= c == '+';
                    self.brackets |= c == '(';
                }
                '(' | ')' if goes_on || seen => self.brackets = true,
                '.' if goes_on => self.dot = true,
                '/' if goes_on => self.slash = true,
                '_' if goes_on && seen => self.underscore = true,
                c if is_hyphen(c) && goes_on => self.hyphen |= seen,
                c if seen && (is_hyphen(c) || matches!(c, '.' | '/')) => {}
                // A time, or thousands.
                ':' | ',' if goes_on_with_digit(chunk, position) => return None,
                c if is_delimiter(c) => {
                    end = position;
                    break;
                }
                // An extension: 555-010-4471x12.
                'x' | 'X' | 'e' | 'E'
                    if self.digits.len() >= 7 && is_extension(chunk, position) =>
                {
                    end = position;
                    break;
                }
                _ => return None,
            }
            in_group = false;
        }
        let own = self.groups.get(before..).unwrap_or_default();
        (seen && !is_date(own)).then_some(at + end)
    }

    fn starts_with(&self, digits: &[u32]) -> bool {
        self.digits.starts_with(digits)
    }

    fn kind(&self, context: &Context<'_>, after: &str) -> Option<&'static str> {
        if self.is_card() {
            return Some(CARD);
        }
        let lone_marks = self.plus || self.brackets || self.dot || self.slash || self.underscore;
        if self.groups == [3, 2, 4] && !lone_marks && self.hyphen != self.space {
            return Some(SOCIAL_SECURITY);
        }
        self.is_phone(context, after).then_some(PHONE)
    }

    fn is_card(&self) -> bool {
        // One mark, if any, between its groups: three digits at least, but in the last.
        let marks = [self.dot, self.slash, self.hyphen, self.underscore, self.space];
        let joined =
            !(self.plus || self.brackets) && marks.into_iter().filter(|mark| *mark).count() <= 1;
        let groups = self.groups.as_slice();
        let inner = groups.split_last().map_or(groups, |(_, inner)| inner);
        let grouped = groups.len() == 1
            || (groups.first() == Some(&4)
                && inner.iter().all(|group| *group >= 3)
                && groups.iter().all(|group| *group <= 7));
        let issued = self.digits.first().is_some_and(|first| *first >= 2);
        self.digits.len() >= 13 && joined && grouped && issued && self.passes_luhn()
    }

    /// The check digit of ISO/IEC 7812.
    fn passes_luhn(&self) -> bool {
        let sum: u32 = self
            .digits
            .iter()
            .rev()
            .enumerate()
            .map(|(at, digit)| match (at % 2, digit * 2) {
                (0, _) => *digit,
                (_, double) if double > 9 => double - 9,
                (_, double) => double,
            })
            .sum();
        sum.is_multiple_of(10)
    }

    fn is_phone(&self, context: &Context<'_>, after: &str) -> bool {
        // E.164 has at most 15 digits; local numbers have 7 at least.
        let is_long_enough = (7..=15).contains(&self.digits.len());
        if !is_long_enough || self.underscore || is_amount(context.mark, after) {
            return false;
        }
        if self.plus {
            return true;
        }
        let is_id = context.is_about_id() && !context.is_about_phone();
        let is_named = context.is_about_phone() || context.is_about_number();
        let groups = self.groups.as_slice();
        if groups.len() == 1 {
            return !is_id && (is_named || self.is_dialled_whole());
        }
        let trunk = self.starts_with(&[0]);
        if self.brackets {
            return groups.first().is_some_and(|first| *first <= 5);
        }
        if self.slash {
            return trunk
                && !self.dot
                && groups.first().is_some_and(|first| (3..=5).contains(first));
        }
        if self.dot {
            let pairs = trunk && groups.len() == 5 && groups.iter().all(|group| *group == 2);
            return matches!(groups, [3, 3, 4] | [1, 3, 3, 4]) || pairs;
        }
        let is_years = groups == [4, 4]
            && (self.starts_with(&[1, 9]) || self.starts_with(&[2, 0]))
            && !context.is_about_phone();
        let is_moment = groups.starts_with(&[4, 2, 2])
            && (self.starts_with(&[1, 9]) || self.starts_with(&[2, 0]));
        let is_postcode = groups == [5, 4];
        let later = groups.get(1..).unwrap_or_default();
        let first = groups.first().copied().unwrap_or_default();
        let is_thousands =
            first <= 2 && !trunk && !self.hyphen && later.iter().all(|group| *group == 3);
        !(is_id || is_date(groups) || is_moment || is_years || is_postcode || is_thousands)
            && first <= 5
            && later.iter().all(|group| *group > 1)
    }

    /// Digits without a mark between them that are dialled so: ten of North America, eleven with its
    /// code, those with a trunk or international prefix, or with the code of another country.
    fn is_dialled_whole(&self) -> bool {
        match self.digits.as_slice() {
            [0, ..] => self.digits.len() >= 10,
            [2..=9, ..] if self.digits.len() == 10 => true,
            [1, 2..=9, ..] => self.digits.len() == 11,
            digits => DIALLED_ABROAD
                .iter()
                .any(|(start, length)| digits.len() == *length && digits.starts_with(start)),
        }
    }
}

/// The first number at the start of the text: where it begins and ends, and what takes its place. Of
/// those that begin there, a card or social security number counts before a phone, a longer before a
/// shorter one.
fn number_at(text: &str, context: &Context<'_>) -> Option<(usize, usize, &'static str)> {
    let first = text.chars().next()?;
    if digit(first).is_none() && !matches!(first, '+' | '(' | '-') {
        return None;
    }
    let mut number = Number::default();
    let mut at = 0;
    let mut found: Option<(usize, usize, &'static str)> = None;
    while let Some(end) = number.read_chunk(text, at) {
        let after = text.get(number.to..).unwrap_or_default();
        let kind = number.kind(context, after);
        if let Some(kind) = kind
            && (kind != PHONE || found.is_none_or(|(.., before)| before == PHONE))
        {
            found = Some((number.from, number.to, kind));
        }
        // Groups of one number are one space apart, or two.
        let rest = text.get(end..).unwrap_or_default();
        let spaces: usize =
            rest.chars().take(3).take_while(|c| is_space(*c)).map(char::len_utf8).sum();
        let count = rest.get(..spaces).map_or(0, |spaces| spaces.chars().count());
        if !(1..=2).contains(&count) {
            break;
        }
        number.space = true;
        at = end + spaces;
    }
    found.map(|(from, to, kind)| {
        // A bracket that closes after the number opened before it.
        let number = text.get(from..to).unwrap_or_default();
        let is_open = number.matches('(').count() > number.matches(')').count();
        let from = if is_open && number.starts_with('(') { from + 1 } else { from };
        (from, to, kind)
    })
}

fn is_date(groups: &[usize]) -> bool {
    matches!(groups, [4, 1..=2, 1..=2] | [1..=2, 1..=2, 4])
}

fn goes_on_with_digit(chunk: &str, at: usize) -> bool {
    let next = chunk.get(at..).and_then(|rest| rest.chars().nth(1));
    next.is_some_and(|c| digit(c).is_some())
}

/// Whether digits follow before anything but the marks between them.
fn more_digits(rest: &str) -> bool {
    let is_between = |c: &char| is_hyphen(*c) || matches!(c, '+' | '(' | ')' | '.' | '/' | '_');
    // A number has no more marks in a row than this.
    rest.chars().take(4).find(|c| !is_between(c)).is_some_and(|c| digit(c).is_some())
}

fn is_extension(chunk: &str, at: usize) -> bool {
    let rest = chunk.get(at..).unwrap_or_default();
    let tail = rest.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let word = rest.get(..rest.len() - tail.len()).unwrap_or_default();
    ["x", "ext"].iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Whether a currency or number sign stands at the number.
fn is_amount(before: Option<char>, after: &str) -> bool {
    let is_sign = |c: char| matches!(c, '$' | '€' | '£' | '¥' | '%' | '#' | '№' | '°');
    let after = after.strip_prefix(is_space).unwrap_or(after);
    before.is_some_and(is_sign) || after.starts_with(is_sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_go() {
        for (text, expected) in [
            ("write to jane.doe+news@mail.example.com.", "write to [redacted email]."),
            ("<jürgen@müller.example>,ok", "<[redacted email]>,ok"),
            ("用户@例子.公司 hi", "[redacted email] hi"),
            ("उपयोगकर्ता@उदाहरण.भारत", "[redacted email]"),
            ("'a@b.co' and \"c_d@e-f.museum\"", "'[redacted email]' and \"[redacted email]\""),
            ("mailto:a@b.example?x=1", "mailto:[redacted email]?x=1"),
            ("a@b.example@c.example", "[redacted email]@c.example"),
            ("ann＠mail.example", "[redacted email]"),
            ("ａｎｎ＠ｍａｉｌ．ｅｘａｍｐｌｅ", "[redacted email]"),
            (
                "https://x.example/?mail=ann%40mail.example&a=1",
                "https://x.example/?mail=[redacted email]&a=1",
            ),
        ] {
            assert_eq!(redacted(text), expected, "{text}");
        }
        for text in [
            "meet @noon",
            "a @ b.example",
            "x@y",
            "me@localhost",
            "40%4012 of x%40y",
            "@a.example",
            "v@1.2.3",
            "a@.example",
            "a@b..c",
        ] {
            assert_eq!(redacted(text), text);
        }
    }

    #[test]
    fn phone_numbers_go() {
        for number in [
            "+1 555 010 4471",
            "+15550104471",
            "+49 (0) 30 1234567",
            "+33 6 12 34 56 78",
            "(555) 010-4471",
            "(555)010-4471",
            "555-010-4471",
            "555.010.4471",
            "555 010 4471",
            "1-555-010-4471",
            "555-0100",
            "5550104471",
            "15550104471",
            "06 12 34 56 78",
            "06.12.34.56.78",
            "0612345678",
            "01632 960001",
            "0171/1234567",
            "612 345 678",
            "6123 4567",
            "00441632960001",
            "555–010–4471",
            "٠٥٠١٢٣٤٥٦٧",
            "34612345678",
            "447911123456",
            "4915112345679",
            "555\u{2212}010\u{2212}4471",
            "555\u{2009}010\u{2009}4471",
            "612  345  678",
            "+34  612  345  678",
        ] {
            for (before, after) in [
                ("", ""),
                ("It is ", "."),
                ("(", ")"),
                ("tel:", ", thanks"),
                ("n=", ";"),
                ("\"", "\""),
            ] {
                let text = format!("{before}{number}{after}");
                assert_eq!(redacted(&text), format!("{before}{PHONE}{after}"), "{text}");
            }
        }
        assert_eq!(redacted("555-010-4471x12"), "[redacted phone]x12");
        assert_eq!(redacted("My number is 5550104"), "My number is [redacted phone]");
        assert_eq!(redacted("In case: 555-010-4471"), "In case: [redacted phone]");
        for before in [
            "mi teléfono es",
            "MI TELÉFONO:",
            "mi número es",
            "meine Handynummer",
            "tél.",
            "mobile",
        ] {
            assert_eq!(redacted(&format!("{before} 612345678")), format!("{before} {PHONE}"));
        }
        assert_eq!(redacted("call 2012 3456"), "call [redacted phone]");
        assert_eq!(redacted("order by phone: 5550104"), "order by phone: [redacted phone]");
        assert_eq!(
            redacted("call 555 010 4471 555 010 4472"),
            "call [redacted phone] [redacted phone]"
        );
    }

    #[test]
    fn other_numbers_stay() {
        for text in [
            "on 2026-03-15",
            "15.03.2026",
            "3/15/2026",
            "15-03-2026",
            "2026-03-15 10:30:00",
            "15 03 2026",
            "2026-03-15T10:30:00.000Z",
            "2026-03-15T10:30:00+02:00",
            "10:30:45",
            "20260315",
            "$1,234,567.89",
            "$12345678",
            "1 200 000 patients",
            "12 500 000",
            "1.200.000",
            "5550104 €",
            "€ 12.345.678",
            "order 4820175533",
            "order number 555-010-4471",
            "número de pedido 34612345678",
            "Bestellung 447911123456",
            "1773576000000",
            "1773576000000000",
            "978316148410",
            "EAN 4006381333931",
            "2026_03_15",
            "2026-03-15-10-30-45",
            "4.11.1111.1111",
            "4111   1111   1111   1111",
            "at 20260315",
            "Order #4820175533",
            "#5550104471",
            "ORD-5550104471",
            "INV_5550104471",
            "id: 12345678901",
            "12345678",
            "1773576000",
            "1773576000123",
            "550e8400-e29b-41d4-a716-446655440000",
            "12345678-1234-4123-8123-123456789012",
            "192.168.100.200",
            "192.168.1.1:8080",
            "115.0.5790.170",
            "v10.15.7",
            "2019-2024",
            "2024 2025",
            "12345-6789",
            "https://a.example/5550104471",
            "ab5550104471",
            "5550104471ab",
            "3.14159265",
            "1 2 3 4 5 6 7 8",
            "99999999999999999999999999",
            "0x5550104471",
            "(2026)",
            "- 12",
            "+",
            "(((",
            "1/2/3/4/5/6/7/8",
        ] {
            assert_eq!(redacted(text), text);
        }
    }

    #[test]
    fn cards_and_social_security_numbers_go() {
        for (text, expected) in [
            ("4111 1111 1111 1111", CARD),
            ("4111-1111-1111-1111", CARD),
            ("4111111111111111", CARD),
            ("3782 822463 10005", CARD),
            ("6011000990139424", CARD),
            ("4222222222222", CARD),
            ("4111.1111.1111.1111", CARD),
            ("4111/1111/1111/1111", CARD),
            ("4111_1111_1111_1111", CARD),
            ("4111  1111  1111  1111", CARD),
            ("4111\u{2212}1111\u{2212}1111\u{2212}1111", CARD),
            ("3782.822463.10005", CARD),
            ("123-45-6789", SOCIAL_SECURITY),
            ("123 45 6789", SOCIAL_SECURITY),
        ] {
            assert_eq!(redacted(&format!("it is {text}!")), format!("it is {expected}!"));
        }
        assert_eq!(redacted("4111 1111 1111 1111 123"), "[redacted card] 123");
        assert_eq!(redacted("4111111111111112"), "4111111111111112");
        assert_eq!(redacted("4111.1111.1111.1112"), "4111.1111.1111.1112");
        assert_eq!(redacted("4111 1111 1111 1111 12/28"), "[redacted card] 12/28");
    }

    #[test]
    fn contacts_are_found_as_they_were_written() {
        let found = contacts(
            "I'm Ann: Ann.Doe+x@Mail.Example, (555) 010-4471; card 4111 1111 1111 1111, order 4820175533",
        );
        assert_eq!(found.emails, ["Ann.Doe+x@mail.example"]);
        assert_eq!(found.phones, ["(555) 010-4471"]);
        let twice = contacts(
            "a@b.example a@b.example ann＠mail．example, +34 612 345 678 or +34 612 345 678",
        );
        assert_eq!(twice.emails, ["a@b.example", "ann@mail.example"]);
        assert_eq!(twice.phones, ["+34 612 345 678"]);
        assert_eq!(contacts("meet @noon on 2026-03-15 for $12345678"), Contacts::default());
        let many: Vec<String> = (0..50).map(|n| format!("a{n}@b.example")).collect();
        assert_eq!(contacts(&many.join(" ")).emails.len(), MOST_CONTACTS);
        assert_eq!(contacts(&format!("{}@b.example", "a".repeat(300))), Contacts::default());
    }

    #[test]
    fn texts_inside_of_objects_are_redacted() {
        let object = serde_json::json!({"page": "/fees", "form": [{"mail": "a@b.example"}], "n": 5_550_104_471_i64});
        let Value::Object(object) = object else { panic!("an object") };
        let expected =
            serde_json::json!({"page": "/fees", "form": [{"mail": EMAIL}], "n": 5_550_104_471_i64});
        assert_eq!(Value::Object(redacted_object(object)), expected);
    }

    #[test]
    fn long_hostile_texts_are_walked_once() {
        for piece in [
            "1",
            "1 ",
            "@",
            "a@",
            "a.@",
            "@a.",
            "+(",
            "555 ",
            "1-",
            "555-",
            "(",
            "é",
            ".1",
            "1x",
            "x",
            "0/",
            "5550104471x",
        ] {
            let text = piece.repeat(300_000 / piece.len());
            assert!(!redacted(&text).is_empty(), "{piece}");
        }
    }

    proptest::proptest! {
        #[test]
        fn anything_is_taken(text in "[0-9+()./@ a-zé\\-]{0,60}") {
            let once = redacted(&text);
            proptest::prop_assert!(once.len() <= text.len() * 20 + 20);
        }
    }
}
