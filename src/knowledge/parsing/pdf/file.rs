//! A file's objects, found by looking for them (ISO 32000-1, 7.5).

use std::borrow::Cow;
use std::rc::Rc;

use super::budget::Budget;
use super::filter;
use super::object::{Dictionary, Lexer, Object, is_space};
use super::table::Table;
use crate::knowledge::parsing::charset;
use crate::knowledge::parsing::manuscript::Refusal;

/// Most objects of a file.
const MOST_OBJECTS: usize = 300_000;
/// References that lead to references, at most.
const LONGEST_CHAIN: usize = 8;
/// How far into an object it is looked for what kind it is of, in bytes.
const LONGEST_HEAD: usize = 512;
/// Most pages.
const MOST_PAGES: usize = 3_000;
/// Most blanks between a stream's data and what is before and behind them.
const MOST_BLANKS: usize = 64;
/// Nodes of pages within one another, at most.
const DEEPEST_TREE: usize = 32;

/// Where an object is: in the file, or in a stream that holds objects.
#[derive(Debug, Clone, Copy)]
enum Place {
    File(usize),
    Stream(usize, usize),
}

/// A file.
pub(super) struct File<'a> {
    bytes: &'a [u8],
    objects: Table<Place>,
    /// Unfolded streams that hold objects.
    held: Vec<Vec<u8>>,
    root: Option<u32>,
    info: Option<u32>,
    pub(super) budget: Budget,
}

/// What is kept of a page.
pub(super) struct Page<'f> {
    pub(super) contents: Object<'f>,
    /// Its own, or those of the nodes above it.
    pub(super) resources: Option<Rc<Object<'f>>>,
}

impl<'a> File<'a> {
    /// Finds the objects. Of two with the same number the later one counts, as an update is written at the end.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let mut file = Self {
            bytes,
            objects: Table::default(),
            held: Vec::new(),
            root: None,
            info: None,
            budget: Budget::default(),
        };
        for mark in Marks::of(bytes) {
            match mark {
                Mark::Object(number, at) => {
                    file.objects.insert(number, Place::File(at));
                    file.look_at(at)?;
                }
                Mark::Trailer(at) => {
                    let mut lexer = Lexer::new(bytes, at);
                    let trailer = lexer.object();
                    file.budget.read(lexer.at.saturating_sub(at))?;
                    if let Some(Object::Dictionary(trailer)) = trailer {
                        file.trailer(&trailer)?;
                    }
                }
            }
            if file.objects.len() > MOST_OBJECTS {
                return Err(Refusal::TooComplex);
            }
        }
        if file.objects.len() == 0 { Err(Refusal::Broken) } else { Ok(file) }
    }

    fn trailer(&mut self, trailer: &Dictionary<'_>) -> Result<(), Refusal> {
        if matches!(trailer.get("Encrypt"), Some(Object::Reference(_) | Object::Dictionary(_))) {
            return Err(Refusal::Encrypted);
        }
        if let Some(Object::Reference(root)) = trailer.get("Root") {
            self.root = Some(*root);
        }
        if let Some(Object::Reference(info)) = trailer.get("Info") {
            self.info = Some(*info);
        }
        Ok(())
    }

    /// Takes what an object says of others: it may be a table of the file, or hold objects itself.
    fn look_at(&mut self, at: usize) -> Result<(), Refusal> {
        let head = self.bytes.get(at..).unwrap_or_default();
        let head = head.get(..head.len().min(LONGEST_HEAD)).unwrap_or_default();
        // No further than to the end of this object, which is before the next one.
        let head = find(head, b"obj").and_then(|end| head.get(..end)).unwrap_or(head);
        self.budget.read(head.len())?;
        let says = |word: &[u8]| head.windows(word.len()).any(|window| window == word);
        if !says(b"/XRef") && !says(b"/ObjStm") {
            return Ok(());
        }
        let bytes = self.bytes;
        let mut lexer = Lexer::new(bytes, at);
        let object = lexer.object();
        self.budget.read(lexer.at.saturating_sub(at))?;
        let Some(Object::Dictionary(dictionary)) = object else { return Ok(()) };
        if dictionary.is("Type", "XRef") {
            return self.trailer(&dictionary);
        }
        if dictionary.is("Type", "ObjStm")
            && let Some(data) = self.data_of(&dictionary, lexer.at)?
        {
            self.hold(&dictionary, data)?;
        }
        Ok(())
    }

    /// Takes the objects that a stream holds: pairs of number and place come first (7.5.7).
    fn hold(&mut self, dictionary: &Dictionary<'_>, data: Vec<u8>) -> Result<(), Refusal> {
        let count = dictionary.get("N").and_then(Object::count).unwrap_or_default();
        let first = dictionary.get("First").and_then(Object::count).unwrap_or_default();
        let stream = self.held.len();
        let mut pairs = Lexer::new(&data, 0);
        for _ in 0..count.min(MOST_OBJECTS) {
            let (Some(number), Some(at)) = (pairs.object(), pairs.object()) else { break };
            let (Some(number), Some(at)) = (number.count(), at.count()) else { break };
            if let Ok(number) = u32::try_from(number) {
                self.objects.insert(number, Place::Stream(stream, first.saturating_add(at)));
            }
        }
        self.budget.read(pairs.at)?;
        self.held.push(data);
        Ok(())
    }

    /// The object of a number, and where it ends if that is in the file.
    fn object(&self, number: u32) -> Result<Option<(Object<'_>, Option<usize>)>, Refusal> {
        let (mut lexer, start, is_file) = match self.objects.get(number) {
            Some(Place::File(at)) => (Lexer::new(self.bytes, *at), *at, true),
            Some(Place::Stream(stream, at)) => {
                let data = self.held.get(*stream).map(Vec::as_slice).unwrap_or_default();
                (Lexer::new(data, *at), *at, false)
            }
            None => return Ok(None),
        };
        let object = lexer.object();
        self.budget.read(lexer.at.saturating_sub(start) + 16)?;
        Ok(object.map(|object| (object, is_file.then_some(lexer.at))))
    }

    /// What an object stands for: itself, or what it refers to.
    pub(super) fn resolved<'o, 'f>(
        &'f self,
        object: &'o Object<'f>,
    ) -> Result<Cow<'o, Object<'f>>, Refusal> {
        let Object::Reference(first) = object else { return Ok(Cow::Borrowed(object)) };
        let mut number = *first;
        for _ in 0..LONGEST_CHAIN {
            match self.object(number)? {
                Some((Object::Reference(next), _)) => number = next,
                Some((object, _)) => return Ok(Cow::Owned(object)),
                None => break,
            }
        }
        Ok(Cow::Owned(Object::Null))
    }

    /// What a member of a dictionary stands for. To look for it costs as much as the dictionary is long.
    pub(super) fn member<'o, 'f>(
        &'f self,
        dictionary: &'o Dictionary<'f>,
        name: &str,
    ) -> Result<Cow<'o, Object<'f>>, Refusal> {
        self.budget.named(dictionary.len())?;
        dictionary.get(name).map_or(Ok(Cow::Owned(Object::Null)), |object| self.resolved(object))
    }

    /// The dictionary and the data of a stream; nothing where it is none, or none of text.
    pub(super) fn stream(
        &self,
        object: &Object<'_>,
    ) -> Result<Option<(Dictionary<'_>, Vec<u8>)>, Refusal> {
        let Object::Reference(number) = object else { return Ok(None) };
        let Some((Object::Dictionary(dictionary), Some(end))) = self.object(*number)? else {
            return Ok(None);
        };
        let data = self.data_of(&dictionary, end)?;
        Ok(data.map(|data| (dictionary, data)))
    }

    /// The data after a dictionary that ends at `end`, unwrapped.
    fn data_of(&self, dictionary: &Dictionary<'_>, end: usize) -> Result<Option<Vec<u8>>, Refusal> {
        let Some(start) = data_start(self.bytes, end) else { return Ok(None) };
        let length = match dictionary.get("Length") {
            Some(Object::Reference(number)) => {
                self.object(*number)?.and_then(|(object, _)| object.count())
            }
            Some(object) => object.count(),
            None => None,
        };
        let rest = self.bytes.get(start..).unwrap_or_default();
        let stated = length.and_then(|length| Some((rest.get(..length)?, rest.get(length..)?)));
        let data = match stated {
            Some((data, after)) if blanks(after).starts_with(b"endstream") => data,
            // The length is wrong or not there.
            _ => {
                let end = find(rest, b"endstream").unwrap_or(rest.len());
                rest.get(..end).unwrap_or_default()
            }
        };
        self.budget.read(data.len())?;
        self.decoded(dictionary, data)
    }

    fn decoded(
        &self,
        dictionary: &Dictionary<'_>,
        data: &[u8],
    ) -> Result<Option<Vec<u8>>, Refusal> {
        let filters = dictionary.get("Filter").or_else(|| dictionary.get("F"));
        let parameters = dictionary.get("DecodeParms").or_else(|| dictionary.get("DP"));
        let names: Vec<&[u8]> = match filters {
            Some(Object::Array(names)) => names.iter().filter_map(Object::name).collect(),
            Some(filter) => filter.name().into_iter().collect(),
            None => Vec::new(),
        };
        if names.is_empty() {
            self.budget.unfolded(data.len())?;
        }
        let mut data = data.to_vec();
        for (at, name) in names.into_iter().take(4).enumerate() {
            let own = match parameters {
                Some(Object::Array(all)) => all.get(at).and_then(Object::dictionary),
                Some(one) => one.dictionary().filter(|_| at == 0),
                None => None,
            };
            let Some(decoded) = filter::decode(name, &data, own, self.budget.stream())? else {
                return Ok(None);
            };
            self.budget.unfolded(decoded.len())?;
            data = decoded;
        }
        Ok(Some(data))
    }

    /// What the file says that it is called.
    pub(super) fn title(&self) -> Option<String> {
        let (info, _) = self.object(self.info?).ok()??;
        let title = self.member(info.dictionary()?, "Title").ok()?;
        Some(charset::text(title.string()?).into_owned())
    }

    /// The pages in their order; where the tree is broken, in the order of their numbers.
    pub(super) fn pages(&self) -> Result<Vec<Page<'_>>, Refusal> {
        let mut pages = Vec::new();
        let root = self.root.map_or(Ok(None), |root| self.object(root))?;
        let tree = root.as_ref().and_then(|(root, _)| root.dictionary()?.get("Pages"));
        if let Some(tree) = tree {
            let mut seen = Table::default();
            self.gather(tree, None, 0, &mut seen, &mut pages)?;
        }
        if pages.is_empty() {
            for number in self.objects.numbers() {
                if let Some((Object::Dictionary(dictionary), _)) = self.object(number)?
                    && dictionary.is("Type", "Page")
                {
                    let resources = self.resources(&dictionary, None)?;
                    self.add_page(dictionary, resources, &mut pages)?;
                }
            }
        }
        Ok(pages)
    }

    fn gather<'f>(
        &'f self,
        node: &Object<'f>,
        above: Option<&Rc<Object<'f>>>,
        depth: usize,
        seen: &mut Table<()>,
        pages: &mut Vec<Page<'f>>,
    ) -> Result<(), Refusal> {
        if let Object::Reference(number) = node
            && !seen.insert(*number, ())
        {
            return Ok(());
        }
        let Object::Dictionary(dictionary) = self.resolved(node)?.into_owned() else {
            return Ok(());
        };
        let resources = self.resources(&dictionary, above)?;
        if dictionary.get("Kids").is_none() {
            return self.add_page(dictionary, resources, pages);
        }
        if depth == DEEPEST_TREE {
            return Err(Refusal::TooComplex);
        }
        // Only the numbers are kept while the nodes below are read.
        let kids: Vec<u32> = {
            let kids = self.member(&dictionary, "Kids")?;
            kids.array().unwrap_or_default().iter().filter_map(Object::reference).collect()
        };
        drop(dictionary);
        self.budget.keep(kids.len())?;
        for kid in &kids {
            self.gather(&Object::Reference(*kid), resources.as_ref(), depth + 1, seen, pages)?;
        }
        self.budget.release(kids.len());
        Ok(())
    }

    /// The resources of a node of pages: its own, which are kept from now on, or those above it.
    fn resources<'f>(
        &self,
        dictionary: &Dictionary<'f>,
        above: Option<&Rc<Object<'f>>>,
    ) -> Result<Option<Rc<Object<'f>>>, Refusal> {
        let Some(own) = dictionary.get("Resources") else { return Ok(above.cloned()) };
        self.budget.keep(own.size())?;
        Ok(Some(Rc::new(own.clone())))
    }

    fn add_page<'f>(
        &self,
        dictionary: Dictionary<'f>,
        resources: Option<Rc<Object<'f>>>,
        pages: &mut Vec<Page<'f>>,
    ) -> Result<(), Refusal> {
        let contents = dictionary.take("Contents").unwrap_or(Object::Null);
        self.budget.keep(contents.size())?;
        pages.push(Page { contents, resources });
        if pages.len() > MOST_PAGES { Err(Refusal::TooComplex) } else { Ok(()) }
    }
}

/// What follows some blanks.
fn blanks(bytes: &[u8]) -> &[u8] {
    let count = bytes.iter().take(MOST_BLANKS).take_while(|byte| is_space(**byte)).count();
    bytes.get(count..).unwrap_or_default()
}

/// Where the data of a stream begin whose dictionary ends at `end`.
fn data_start(bytes: &[u8], end: usize) -> Option<usize> {
    let rest = bytes.get(end..)?;
    let word = blanks(rest);
    let blank = rest.len() - word.len();
    let after = word.strip_prefix(b"stream")?;
    let line = if after.starts_with(b"\r\n") {
        2
    } else {
        usize::from(after.starts_with(b"\n") || after.starts_with(b"\r"))
    };
    Some(end + blank + 6 + line)
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|window| window == word)
}

/// A place of interest.
enum Mark {
    /// The number of an object, and where it begins.
    Object(u32, usize),
    /// Where a trailer's dictionary begins.
    Trailer(usize),
}

/// Looks through a file once, past the data of streams.
struct Marks<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Marks<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The number of the object whose `obj` is at `at`: `12 0 obj`.
    fn number_before(&self, at: usize) -> Option<u32> {
        let from = at.saturating_sub(24);
        let before = self.bytes.get(from..at)?;
        let mut words = before.rsplit(|byte| is_space(*byte)).filter(|word| !word.is_empty());
        let is_apart = before.last().is_some_and(|byte| is_space(*byte) || byte.is_ascii_digit());
        let generation = words.next()?;
        let number = words.next()?;
        let digits = number.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let number = number.get(number.len() - digits..)?;
        if !is_apart || !generation.iter().all(u8::is_ascii_digit) {
            return None;
        }
        std::str::from_utf8(number).ok()?.parse().ok()
    }
}

impl Iterator for Marks<'_> {
    type Item = Mark;

    fn next(&mut self) -> Option<Mark> {
        loop {
            let rest = self.bytes.get(self.at..)?;
            // Each word of interest has one of these letters in it: `obj`, `stream`, `trailer`.
            let at = self.at + rest.iter().position(|byte| matches!(byte, b'o' | b's' | b't'))?;
            let here = self.bytes.get(at..).unwrap_or_default();
            let before =
                at.checked_sub(1).and_then(|at| self.bytes.get(at)).copied().unwrap_or(b' ');
            if here.starts_with(b"obj") {
                self.at = at + 3;
                if let Some(number) = self.number_before(at) {
                    return Some(Mark::Object(number, self.at));
                }
            } else if here.starts_with(b"trailer") {
                self.at = at + 7;
                return Some(Mark::Trailer(self.at));
            } else if here.starts_with(b"stream") && (is_space(before) || before == b'>') {
                let data = here.get(6..).unwrap_or_default();
                self.at = find(data, b"endstream").map_or(self.bytes.len(), |end| at + 6 + end + 9);
            } else {
                self.at = at + 1;
            }
        }
    }
}
