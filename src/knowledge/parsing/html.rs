//! Web pages: title, headings, paragraphs, lists and tables of the part that is about something. Navigation, scripts,
//! styles and what is hidden are left out, but not what a click unfolds. No markup is trusted: nothing but text comes
//! out.

use std::collections::BTreeSet;

use super::manuscript::{Manuscript, Refusal, bounded, has_room};
use super::markup::{Tag, Token, Tokens, attribute};

/// A main part that is shorter, in bytes, may be an empty shell: the page is read whole then.
const LEAST_MAIN: usize = 200;
/// Elements within one another that are told apart; those that are deeper are only counted.
const DEEPEST: usize = 100;
/// Most parts of a page that are known to be unfolded.
const MOST_UNFOLDED: usize = 2_000;

/// Reads what is in `main` or `article`, or the whole page where there is little.
pub(super) fn parse(text: &str) -> Result<Manuscript, Refusal> {
    let unfolded = unfolded(text);
    let main = Reader::read(text, &unfolded, true)?;
    if main.text().len() >= LEAST_MAIN { Ok(main) } else { Reader::read(text, &unfolded, false) }
}

/// The ids of the parts that the page itself unfolds: those that a button or a link controls.
fn unfolded(text: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for token in Tokens::of_html(text) {
        let Token::Open(tag) = token else { continue };
        for name in ["aria-controls", "data-target", "data-bs-target"] {
            // Most tags have none of these; to look for them so is cheaper.
            if ids.len() < MOST_UNFOLDED && tag.attributes.contains(name) {
                let named = attribute(&tag, name).unwrap_or_default();
                let named = named.split_ascii_whitespace().map(|id| id.trim_start_matches('#'));
                ids.extend(named.take(8).map(str::to_owned));
            }
        }
    }
    ids
}

/// What is left out with all that is in it.
fn is_dropped(tag: &Tag<'_>) -> bool {
    const NAMES: [&str; 19] = [
        "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "canvas",
        "nav", "header", "footer", "aside", "textarea", "select", "button", "dialog", "audio",
        "video",
    ];
    tag.is_any(&NAMES)
}

/// Tags that say of themselves that they are not shown: what no reader of the page sees is none of its text. What is
/// unfolded by a click is seen, such as the answers of a list of questions.
fn is_hidden(tag: &Tag<'_>, unfolded: &BTreeSet<String>) -> bool {
    says_hidden(tag) && !tag.is_any(&["html", "body"]) && !unfolds(tag, unfolded)
}

/// Whether the page shows it on demand: a control names it, or it says that it is one of several panels, or that a
/// search within the page opens it (WHATWG HTML, `hidden=until-found`).
fn unfolds(tag: &Tag<'_>, unfolded: &BTreeSet<String>) -> bool {
    let role = attribute(tag, "role").unwrap_or_default().to_ascii_lowercase();
    match role.as_str() {
        "tabpanel" => return true,
        "dialog" | "alertdialog" | "menu" | "listbox" | "tooltip" | "alert" => return false,
        _ => {}
    }
    attribute(tag, "hidden").is_some_and(|state| state.eq_ignore_ascii_case("until-found"))
        || attribute(tag, "id").is_some_and(|id| unfolded.contains(&id))
}

fn says_hidden(tag: &Tag<'_>) -> bool {
    let written: String = tag
        .attributes
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let says_so = ["aria-hidden=\"true", "display:none", "visibility:hidden"];
    says_so.iter().any(|words| written.contains(words))
        || tag.attributes.split_ascii_whitespace().any(|attribute| {
            let name = attribute.split('=').next().unwrap_or_default();
            name.eq_ignore_ascii_case("hidden")
        })
}

/// Tags without an end.
fn is_void(tag: &Tag<'_>) -> bool {
    const NAMES: [&str; 13] = [
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source",
        "track", "wbr",
    ];
    tag.closes_itself || tag.is_any(&NAMES)
}

fn is_inline(tag: &Tag<'_>) -> bool {
    const NAMES: [&str; 25] = [
        "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i",
        "img", "ins", "kbd", "mark", "q", "s", "small", "span", "strong", "sub", "sup", "u",
    ];
    tag.is_any(&NAMES)
}

/// What the text that is being gathered will be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Paragraph,
    Heading(usize),
    Item,
    Title,
}

/// Blocks that end a paragraph that was not closed (WHATWG HTML, 13.1.2.4).
fn ends_paragraph(tag: &Tag<'_>) -> bool {
    const NAMES: [&str; 31] = [
        "address",
        "article",
        "aside",
        "blockquote",
        "center",
        "details",
        "dialog",
        "div",
        "dl",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "main",
        "menu",
        "nav",
        "ol",
        "p",
        "pre",
        "search",
        "section",
        "table",
        "ul",
    ];
    tag.is_any(&NAMES)
}

/// The elements that are open, from the outermost on.
#[derive(Default)]
struct Open<'a> {
    names: Vec<&'a str>,
    /// How many are open besides, further within.
    beyond: usize,
}

impl<'a> Open<'a> {
    fn open(&mut self, name: &'a str) {
        if self.names.len() < DEEPEST {
            self.names.push(name);
        } else {
            self.beyond += 1;
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().rposition(|open| open.eq_ignore_ascii_case(name))
    }

    fn has(&self, name: &str) -> bool {
        self.position(name).is_some()
    }

    /// Closes the innermost of a name, and all within it; whether there was one.
    fn close(&mut self, name: &str) -> bool {
        if self.beyond > 0 {
            self.beyond -= 1;
            return true;
        }
        let at = self.position(name);
        self.names.truncate(at.unwrap_or(self.names.len()));
        at.is_some()
    }

    /// Whether a tag ends the first of them, as some need no end of their own.
    fn ends_before(&self, tag: &Tag<'_>) -> bool {
        let Some((first, within)) = self.names.split_first() else { return true };
        let holds = |names: &[&str]| {
            within.iter().any(|open| names.iter().any(|name| open.eq_ignore_ascii_case(name)))
        };
        match first.to_ascii_lowercase().as_str() {
            "p" => ends_paragraph(tag),
            "li" => tag.is("li") && !holds(&["ul", "ol", "menu"]),
            "dt" | "dd" => tag.is_any(&["dt", "dd"]) && !holds(&["dl"]),
            "td" | "th" => tag.is_any(&["td", "th", "tr"]) && !holds(&["table"]),
            "tr" => tag.is("tr") && !holds(&["table"]),
            _ => false,
        }
    }
}

/// Whether its end tag says where what is within it ends, even if that was not closed.
fn is_container(tag: &Tag<'_>) -> bool {
    !is_void(tag) && !is_inline(tag) && !tag.is_any(&["p", "li", "dt", "dd", "option", "title"])
}

struct Reader<'a> {
    manuscript: Manuscript,
    unfolded: &'a BTreeSet<String>,
    main_only: bool,
    /// How many `main` and `article` are open.
    main: usize,
    /// What is open around what is read.
    open: Open<'a>,
    /// What is being left out, and what is open within it.
    dropped: Option<Open<'a>>,
    kind: Kind,
    text: String,
    /// The cells of the row that is open.
    row: Option<Vec<String>>,
}

impl<'a> Reader<'a> {
    fn read(
        text: &'a str,
        unfolded: &'a BTreeSet<String>,
        main_only: bool,
    ) -> Result<Manuscript, Refusal> {
        let mut reader = Self {
            manuscript: Manuscript::default(),
            unfolded,
            main_only,
            main: 0,
            open: Open::default(),
            dropped: None,
            kind: Kind::Paragraph,
            text: String::new(),
            row: None,
        };
        for token in Tokens::of_html(text) {
            match token {
                Token::Text(text) => reader.gather(text)?,
                Token::Open(tag) => reader.open(&tag)?,
                Token::Close(tag) => reader.close(&tag)?,
            }
        }
        reader.end_row()?;
        reader.flush()?;
        Ok(reader.manuscript)
    }

    fn gather(&mut self, text: &str) -> Result<(), Refusal> {
        let is_wanted = !self.main_only || self.main > 0 || self.kind == Kind::Title;
        if self.dropped.is_none() && is_wanted {
            super::markup::push_text(&mut self.text, text);
        }
        bounded(&self.text)
    }

    fn open(&mut self, tag: &Tag<'a>) -> Result<(), Refusal> {
        if let Some(dropped) = &mut self.dropped {
            if !dropped.ends_before(tag) {
                if !is_void(tag) {
                    dropped.open(tag.name);
                }
                return Ok(());
            }
            self.dropped = None;
        }
        // The head of an article holds its title.
        let keeps = tag.is("header") && self.main > 0;
        if !is_void(tag) && (is_dropped(tag) && !keeps || is_hidden(tag, self.unfolded)) {
            self.flush()?;
            self.dropped.insert(Open::default()).open(tag.name);
            return Ok(());
        }
        if is_container(tag) {
            self.open.open(tag.name);
        }
        if is_inline(tag) {
            return Ok(());
        }
        if tag.is("title") && self.manuscript.title.is_none() {
            self.flush()?;
            self.kind = Kind::Title;
            return Ok(());
        }
        if tag.is_any(&["td", "th"]) {
            return self.open_cell();
        }
        if tag.is("tr") {
            self.end_row()?;
            self.row = Some(Vec::new());
            return Ok(());
        }
        if self.row.is_some() {
            // Blocks within a cell are words of it.
            self.text.push(' ');
            return Ok(());
        }
        self.flush()?;
        if let Some(level) = heading_level(tag) {
            self.kind = Kind::Heading(level);
        } else if tag.is("li") {
            self.kind = Kind::Item;
        } else if tag.is_any(&["main", "article"]) {
            self.main += 1;
        }
        Ok(())
    }

    fn close(&mut self, tag: &Tag<'_>) -> Result<(), Refusal> {
        if let Some(dropped) = &mut self.dropped {
            if dropped.close(tag.name) {
                if dropped.names.is_empty() {
                    self.dropped = None;
                }
                return Ok(());
            }
            if !self.open.has(tag.name) {
                return Ok(());
            }
            // What is around it ends, and with it what was not closed.
            self.dropped = None;
        }
        if is_container(tag) {
            self.open.close(tag.name);
        }
        if is_inline(tag) {
            return Ok(());
        }
        if tag.is_any(&["tr", "table"]) {
            return self.end_row();
        }
        if self.row.is_some() && !tag.is_any(&["main", "article", "body"]) {
            self.text.push(' ');
            return Ok(());
        }
        self.end_row()?;
        self.flush()?;
        if tag.is_any(&["main", "article"]) {
            self.main = self.main.saturating_sub(1);
        }
        Ok(())
    }

    fn open_cell(&mut self) -> Result<(), Refusal> {
        if self.row.is_none() {
            self.flush()?;
        }
        let row = self.row.get_or_insert_default();
        if has_room(row) {
            row.push(std::mem::take(&mut self.text));
        } else {
            self.text.push(' ');
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), Refusal> {
        let Some(mut cells) = self.row.take() else { return Ok(()) };
        cells.push(std::mem::take(&mut self.text));
        self.manuscript.row(cells.iter().map(String::as_str))
    }

    fn flush(&mut self) -> Result<(), Refusal> {
        let text = std::mem::take(&mut self.text);
        match std::mem::replace(&mut self.kind, Kind::Paragraph) {
            Kind::Paragraph => self.manuscript.paragraph(&text),
            Kind::Item => self.manuscript.item(&text),
            Kind::Heading(level) => self.manuscript.heading(level, &text),
            Kind::Title => {
                self.manuscript.name(&text);
                Ok(())
            }
        }
    }
}

fn heading_level(tag: &Tag<'_>) -> Option<usize> {
    ["h1", "h2", "h3", "h4", "h5", "h6"].iter().position(|name| tag.is(name)).map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PAGE: &str = r#"<!DOCTYPE html><html><head><title>Fees &amp; payment | Bright</title>
        <style>p { color: red }</style><script>if (a < b) document.write("<p>no</p>")</script></head>
        <body><header><a href="/">Home</a></header><nav><ul><li>Menu</li></ul></nav>
        <h1>Fees</h1><p>A cleaning costs&nbsp;<b>90</b>&#36;.<br>Whitening costs &#x24;300.</p>
        <ul><li>Cash<li>Card</ul>
        <table><tr><th>What</th><th>Price</th></tr><tr><td><p>Filling</p></td><td>120</td></tr></table>
        <!-- secret --><div hidden>hidden</div><div aria-hidden="true">icon</div><p style="color:red; display: none">bait</p><form action="x"><textarea>typed</textarea></form>
        <aside>Advert</aside><footer>Imprint</footer></body></html>"#;

    #[test]
    fn the_text_of_a_page_without_its_frame() {
        let manuscript = parse(PAGE).unwrap();
        assert_eq!(manuscript.title.as_deref(), Some("Fees & payment | Bright"));
        assert_eq!(
            manuscript.text(),
            "# Fees\nA cleaning costs 90$.\nWhitening costs $300.\n- Cash\n- Card\n| What | Price\n| Filling | 120\n"
        );
    }

    #[test]
    fn the_main_part_is_enough_where_it_says_something() {
        let long = "Our practice is near the park. ".repeat(10);
        let page = format!(
            "<title>T</title><div>Cookie banner</div><main><header><h2>Hours</h2></header><p>{long}</p></main><p>More</p>"
        );
        let manuscript = parse(&page).unwrap();
        assert_eq!(manuscript.title.as_deref(), Some("T"));
        assert_eq!(manuscript.text(), format!("## Hours\n{}\n", long.trim()));
        let shell = "<main></main><div>Shown by a script</div>";
        assert_eq!(parse(shell).unwrap().text(), "Shown by a script\n");
    }

    #[test]
    fn what_a_click_unfolds_is_read() {
        let page = r##"<button aria-controls="a1 x">Do you take walk-ins?</button><div id="a1" hidden>Yes, before noon.</div>
            <a data-bs-target="#c2" href="#">Parking?</a><div id="c2" class="collapse" style="display:none">Behind the house.</div>
            <div role="tabpanel" aria-hidden="true"><p>On Mondays.</p></div>
            <div hidden="until-found">Found by search.</div>
            <details><summary>More?</summary>In a fold.</details>
            <button aria-controls="m">Menu</button><div id="m" role="dialog" hidden>Cookies</div>
            <div id="bait" hidden>bait</div>"##;
        let text = parse(page).unwrap().into_text();
        for answer in [
            "Yes, before noon.",
            "Behind the house.",
            "On Mondays.",
            "Found by search.",
            "In a fold.",
        ] {
            assert!(text.contains(answer), "{answer}: {text}");
        }
        assert!(!text.contains("Cookies") && !text.contains("bait"), "{text}");
    }

    #[test]
    fn what_is_hidden_and_not_closed_ends_where_a_reader_ends_it() {
        for (page, expected) in [
            ("<p hidden>no<p>yes", "yes\n"),
            ("<p hidden>no <b>never</b><div>yes</div>", "yes\n"),
            ("<div><p hidden>no</div>yes", "yes\n"),
            ("<ul><li hidden>no<ul><li>never</ul><li>yes</ul>", "- yes\n"),
            ("<section><div hidden>no<div>never</div></section><p>yes", "yes\n"),
            ("<table><tr><td hidden>no<td>yes</table>", "| yes\n"),
            // An end without a beginning ends nothing.
            ("<nav>no</p></span></section>no</nav>yes", "yes\n"),
            ("<body style='display:none'><p>yes", "yes\n"),
        ] {
            assert_eq!(parse(page).unwrap().text(), expected, "{page}");
        }
        let deep = format!("<div hidden>{}no{}</div>yes", "<i>".repeat(300), "</i>".repeat(300));
        assert_eq!(parse(&deep).unwrap().text(), "yes\n");
    }

    #[test]
    fn a_row_and_a_paragraph_are_bounded() {
        let page = format!("<table><tr>{}</table>", "<td>a".repeat(50_000));
        let text = parse(&page).unwrap().into_text();
        assert_eq!((text.matches('|').count(), text.matches('a').count()), (1_000, 50_000));
        let page = "word<i>".repeat(1_500_000);
        assert_eq!(parse(&page), Err(Refusal::TooLong));
    }

    proptest! {
        #[test]
        fn no_markup_breaks_it(text in "(<|>|/|!|-|&|;|#|x|=|\"|'|script|title|table|tr|td|li|nav|main|hidden| |a){0,80}") {
            let manuscript = parse(&text).unwrap();
            prop_assert!(manuscript.text().len() <= text.len() * 3);
        }
    }
}
