//! What is shown on the pages, and where (ISO 32000-1, 9.4).

use std::rc::Rc;

use super::file::File;
use super::font::{Font, Shown};
use super::lines::{Line, Lines};
use super::object::{Dictionary, Lexer, MOST_ITEMS, Object};
use super::table::Table;
use crate::knowledge::parsing::manuscript::Refusal;

/// Forms within one another, at most.
const DEEPEST_FORM: usize = 6;
/// States that are set aside, at most.
const MOST_STATES: usize = 64;
/// Longest content of a page, in bytes, whatever the number of its parts.
const LONGEST_CONTENT: usize = 12 * 1024 * 1024;
/// Longest string that is shown, in bytes; ISO 32000-1, annex C, has 32 767.
const LONGEST_SHOWN: usize = 65_536;
/// Most operands of an operator.
const MOST_OPERANDS: usize = 64;
/// Most fonts of a file.
const MOST_FONTS: usize = 2_000;

/// The lines of all pages.
pub(super) fn lines(file: &File<'_>) -> Result<Vec<Line>, Refusal> {
    let mut reader = Reader { file, fonts: Table::default(), lines: Lines::default() };
    for (number, page) in (1..).zip(file.pages()?) {
        reader.lines.begin_page(number);
        let contents = file.resolved(&page.contents)?;
        let mut data = Vec::new();
        for part in contents.array().unwrap_or(std::slice::from_ref(&page.contents)) {
            if let Some((_, part)) = file.stream(part)? {
                if data.len() + part.len() > LONGEST_CONTENT {
                    return Err(Refusal::TooComplex);
                }
                data.extend(part);
                data.push(b'\n');
            }
        }
        drop(contents);
        let resources = page.resources.as_deref().unwrap_or(&Object::Null);
        let resources = file.resolved(resources)?;
        let none = Dictionary::default();
        reader.read(&data, resources.dictionary().unwrap_or(&none), State::default(), 0)?;
        reader.lines.end_page()?;
    }
    Ok(reader.lines.done)
}

/// A transformation: `[a b c d e f]`.
type Matrix = [f64; 6];

const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// First `one`, then `other`.
fn times(one: &Matrix, other: &Matrix) -> Matrix {
    let [xx, xy, yx, yy, left, up] = *other;
    let across = |x: f64, y: f64| x * xx + y * yx;
    let along = |x: f64, y: f64| x * xy + y * yy;
    [
        across(one[0], one[1]),
        along(one[0], one[1]),
        across(one[2], one[3]),
        along(one[2], one[3]),
        across(one[4], one[5]) + left,
        along(one[4], one[5]) + up,
    ]
}

#[derive(Clone)]
struct State {
    page: Matrix,
    text: Matrix,
    line: Matrix,
    font: Option<Rc<Font>>,
    size: f64,
    leading: f64,
    character_spacing: f64,
    word_spacing: f64,
    /// Horizontal scaling, as a factor.
    stretch: f64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            page: IDENTITY,
            text: IDENTITY,
            line: IDENTITY,
            font: None,
            size: 0.0,
            leading: 0.0,
            character_spacing: 0.0,
            word_spacing: 0.0,
            stretch: 1.0,
        }
    }
}

impl State {
    fn move_line(&mut self, x: f64, y: f64) {
        self.line = times(&[1.0, 0.0, 0.0, 1.0, x, y], &self.line);
        self.text = self.line;
    }

    fn advance(&mut self, x: f64) {
        self.text = times(&[1.0, 0.0, 0.0, 1.0, x, 0.0], &self.text);
    }
}

struct Reader<'f> {
    file: &'f File<'f>,
    fonts: Table<Rc<Font>>,
    lines: Lines,
}

impl<'f> Reader<'f> {
    fn read(
        &mut self,
        data: &[u8],
        resources: &Dictionary<'f>,
        mut state: State,
        depth: usize,
    ) -> Result<(), Refusal> {
        self.file.budget.read(data.len())?;
        let mut lexer = Lexer::new(data, 0);
        let mut operands: Vec<Object<'_>> = Vec::new();
        let mut items = 0;
        let mut saved: Vec<State> = Vec::new();
        while let Some(object) = lexer.object() {
            let Object::Keyword(operator) = object else {
                items += lexer.size();
                if items > MOST_ITEMS {
                    return Err(Refusal::TooComplex);
                }
                if operands.len() < MOST_OPERANDS {
                    operands.push(object);
                }
                continue;
            };
            let number = |at: usize| operands.get(at).and_then(Object::number).unwrap_or_default();
            match operator {
                b"q" if saved.len() < MOST_STATES => saved.push(state.clone()),
                b"Q" => state = saved.pop().unwrap_or(state),
                b"cm" => state.page = times(&matrix(&operands), &state.page),
                b"BT" => (state.text, state.line) = (IDENTITY, IDENTITY),
                b"Tf" => {
                    state.size = number(1);
                    if let Some(name) = operands.first().and_then(Object::name) {
                        state.font = self.font(resources, name)?;
                    }
                }
                b"Tc" => state.character_spacing = number(0),
                b"Tw" => state.word_spacing = number(0),
                b"Tz" => state.stretch = number(0) / 100.0,
                b"TL" => state.leading = number(0),
                b"Td" => state.move_line(number(0), number(1)),
                b"TD" => {
                    state.leading = -number(1);
                    state.move_line(number(0), number(1));
                }
                b"Tm" => {
                    state.line = matrix(&operands);
                    state.text = state.line;
                }
                b"T*" => state.move_line(0.0, -state.leading),
                b"Tj" => self.show(&mut state, operands.first())?,
                b"'" | b"\"" => {
                    if operator == b"\"" {
                        (state.word_spacing, state.character_spacing) = (number(0), number(1));
                    }
                    state.move_line(0.0, -state.leading);
                    self.show(&mut state, operands.last())?;
                }
                b"TJ" => self.show_array(&mut state, operands.first())?,
                b"Do" => {
                    // Nothing else is kept while a form is read.
                    operands.truncate(1);
                    operands.shrink_to_fit();
                    if let Some(name) = operands.first().and_then(Object::name) {
                        self.form(resources, name, &state, depth)?;
                    }
                }
                b"ID" => skip_image(&mut lexer),
                _ => {}
            }
            operands.clear();
            items = 0;
        }
        Ok(())
    }

    fn show_array(&mut self, state: &mut State, array: Option<&Object<'_>>) -> Result<(), Refusal> {
        for item in array.and_then(Object::array).unwrap_or_default() {
            match item.number() {
                Some(number) => state.advance(-number / 1_000.0 * state.size * state.stretch),
                None => self.show(state, Some(item))?,
            }
        }
        Ok(())
    }

    fn show(&mut self, state: &mut State, text: Option<&Object<'_>>) -> Result<(), Refusal> {
        let (Some(text), Some(font)) = (text.and_then(Object::string), state.font.clone()) else {
            return Ok(());
        };
        self.file.budget.read(text.len())?;
        if text.len() > LONGEST_SHOWN {
            return Err(Refusal::TooComplex);
        }
        let mut written = String::new();
        let mut width = 0.0;
        font.show(text, &mut written, |Shown { width: own, is_space }| {
            let word = if *is_space { state.word_spacing } else { 0.0 };
            width += (own / 1_000.0 * state.size + state.character_spacing + word) * state.stretch;
        });
        let from = times(&state.text, &state.page);
        state.advance(width);
        let to = times(&state.text, &state.page);
        let height = state.size.abs() * from[2].hypot(from[3]);
        self.lines.show(&written, [from[4], from[5]], [to[4], to[5]], [from[0], from[1]], height)
    }

    /// The font of a name; the same object is read once.
    fn font(
        &mut self,
        resources: &Dictionary<'f>,
        name: &[u8],
    ) -> Result<Option<Rc<Font>>, Refusal> {
        let fonts = self.file.member(resources, "Font")?;
        let Some(object) = self.named(&fonts, name)? else { return Ok(None) };
        if let Object::Reference(number) = object
            && let Some(known) = self.fonts.get(*number)
        {
            return Ok(Some(Rc::clone(known)));
        }
        let dictionary = self.file.resolved(object)?;
        let Some(dictionary) = dictionary.dictionary() else { return Ok(None) };
        self.file.budget.font()?;
        let font = Rc::new(Font::read(self.file, dictionary)?);
        if let Object::Reference(number) = object {
            if self.fonts.len() == MOST_FONTS {
                return Err(Refusal::TooComplex);
            }
            self.fonts.insert(*number, Rc::clone(&font));
        }
        Ok(Some(font))
    }

    /// What a name stands for. To look for it costs as much as the dictionary is long.
    fn named<'o>(
        &self,
        names: &'o Object<'f>,
        name: &[u8],
    ) -> Result<Option<&'o Object<'f>>, Refusal> {
        let Some(names) = names.dictionary() else { return Ok(None) };
        self.file.budget.named(names.len())?;
        Ok(names.of(name))
    }

    /// A content that is used in others.
    fn form(
        &mut self,
        resources: &Dictionary<'f>,
        name: &[u8],
        state: &State,
        depth: usize,
    ) -> Result<(), Refusal> {
        if depth == DEEPEST_FORM {
            return Ok(());
        }
        let objects = self.file.member(resources, "XObject")?;
        // Only its number is kept, as a stream is never within another object.
        let Some(Object::Reference(number)) = self.named(&objects, name)? else { return Ok(()) };
        let object = Object::Reference(*number);
        drop(objects);
        let is_form = self
            .file
            .resolved(&object)?
            .dictionary()
            .is_some_and(|form| form.is("Subtype", "Form"));
        if !is_form {
            return Ok(());
        }
        let Some((dictionary, data)) = self.file.stream(&object)? else { return Ok(()) };
        let mut state = state.clone();
        if let Some(array) = dictionary.get("Matrix").and_then(Object::array) {
            state.page = times(&matrix(array), &state.page);
        }
        let Some(own) = dictionary.take("Resources") else {
            return self.read(&data, resources, state, depth + 1);
        };
        let own = self.file.resolved(&own)?;
        let size = own.size();
        self.file.budget.keep(size)?;
        self.read(&data, own.dictionary().unwrap_or(resources), state, depth + 1)?;
        self.file.budget.release(size);
        Ok(())
    }
}

fn matrix(operands: &[Object<'_>]) -> Matrix {
    let mut matrix = IDENTITY;
    for (slot, operand) in matrix.iter_mut().zip(operands) {
        *slot = operand.number().unwrap_or_default();
    }
    matrix
}

/// Goes past the data of an image that is written among the operators.
fn skip_image(lexer: &mut Lexer<'_>) {
    let rest = lexer.rest();
    let end = rest.windows(4).position(|window| {
        matches!(window, [before, b'E', b'I', after] if before.is_ascii_whitespace() && after.is_ascii_whitespace())
    });
    lexer.at += end.map_or(rest.len(), |end| end + 3);
}
