//! Web pages: title, headings, paragraphs, lists and tables of the part that is about something. Navigation, scripts,
//! styles and what is hidden are left out. No markup is trusted: nothing but text comes out.

use super::manuscript::{Manuscript, Refusal};
use super::markup::{Tag, Token, Tokens};

/// A main part that is shorter, in bytes, may be an empty shell: the page is read whole then.
const LEAST_MAIN: usize = 200;

/// Reads what is in `main` or `article`, or the whole page where there is little.
pub(super) fn parse(text: &str) -> Result<Manuscript, Refusal> {
    let main = Reader::read(text, true)?;
    if main.text().len() >= LEAST_MAIN { Ok(main) } else { Reader::read(text, false) }
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

/// Tags that say of themselves that they are not shown: what no reader of the page sees is none of its text.
fn is_hidden(tag: &Tag<'_>) -> bool {
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

struct Reader {
    manuscript: Manuscript,
    main_only: bool,
    /// How many `main` and `article` are open.
    main: usize,
    /// The name of what is being left out, and how many of that name are open.
    dropped: Option<(String, usize)>,
    kind: Kind,
    text: String,
    /// The cells of the row that is open.
    row: Option<Vec<String>>,
}

impl Reader {
    fn read(text: &str, main_only: bool) -> Result<Manuscript, Refusal> {
        let mut reader = Self {
            manuscript: Manuscript::default(),
            main_only,
            main: 0,
            dropped: None,
            kind: Kind::Paragraph,
            text: String::new(),
            row: None,
        };
        for token in Tokens::of_html(text) {
            match token {
                Token::Text(text) => reader.gather(text),
                Token::Open(tag) => reader.open(&tag)?,
                Token::Close(tag) => reader.close(&tag)?,
            }
        }
        reader.end_row()?;
        reader.flush()?;
        Ok(reader.manuscript)
    }

    fn gather(&mut self, text: &str) {
        let is_wanted = !self.main_only || self.main > 0 || self.kind == Kind::Title;
        if self.dropped.is_none() && is_wanted {
            super::markup::push_text(&mut self.text, text);
        }
    }

    fn open(&mut self, tag: &Tag<'_>) -> Result<(), Refusal> {
        if let Some((name, depth)) = &mut self.dropped {
            if tag.is(name) && !is_void(tag) {
                *depth += 1;
            }
            return Ok(());
        }
        // The head of an article holds its title.
        let keeps = tag.is("header") && self.main > 0;
        if (is_dropped(tag) && !keeps || is_hidden(tag)) && !is_void(tag) {
            self.flush()?;
            self.dropped = Some((tag.name.to_ascii_lowercase(), 1));
            return Ok(());
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
        if let Some((name, depth)) = &mut self.dropped {
            if tag.is(name) {
                *depth -= 1;
                if *depth == 0 {
                    self.dropped = None;
                }
            }
            return Ok(());
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
        let text = std::mem::take(&mut self.text);
        self.row.get_or_insert_default().push(text);
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

    proptest! {
        #[test]
        fn no_markup_breaks_it(text in "(<|>|/|!|-|&|;|#|x|=|\"|'|script|title|table|tr|td|li|nav|main|hidden| |a){0,80}") {
            let manuscript = parse(&text).unwrap();
            prop_assert!(manuscript.text().len() <= text.len() * 3);
        }
    }
}
