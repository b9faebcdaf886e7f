//! What a web page says about itself and others: title, links, whether it may be kept, and under which address.

use super::robots::PRODUCT;
use crate::knowledge::parsing::markup::{Tag, Token, Tokens, attribute, push_text};

/// Links that are taken from a page.
const MOST_LINKS: usize = 2_000;
/// Longest link, as written.
const LONGEST_LINK: usize = 2_048;

/// What was found on a page. Addresses are as written: nothing is judged here.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Discovery {
    /// The page's title.
    pub(super) title: String,
    /// What links are relative to, if not the page.
    pub(super) base: Option<String>,
    /// Where the page wishes to be found.
    pub(super) canonical: Option<String>,
    /// What it asks of robots.
    pub(super) wishes: Wishes,
    /// Where it leads.
    pub(super) links: Vec<String>,
}

/// What a page asks of robots.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wishes {
    /// That it is not kept.
    pub(super) no_index: bool,
    /// That its links are not followed.
    pub(super) no_follow: bool,
}

impl Wishes {
    /// Reads a list such as `noindex, nofollow`.
    pub(super) fn read(&mut self, list: &str) {
        for wish in list.split(',').map(str::trim) {
            let is = |name: &str| wish.eq_ignore_ascii_case(name);
            self.no_index |= is("noindex") || is("none");
            self.no_follow |= is("nofollow") || is("none");
        }
    }

    /// Reads the header `X-Robots-Tag`: a list may be for one robot, whose name then stands before it.
    pub(super) fn read_header(&mut self, value: &str) {
        let mut is_ours = true;
        for item in value.split(',') {
            let list = match item.split_once(':') {
                // `unavailable_after: …` and others that have a value are no names.
                Some((name, list)) if !name.contains('_') && !name.trim().starts_with("max-") => {
                    is_ours = name.trim().eq_ignore_ascii_case(PRODUCT);
                    list
                }
                _ => item,
            };
            if is_ours {
                self.read(list);
            }
        }
    }
}

impl Discovery {
    /// Reads a page. Whatever it is, something is found, or nothing.
    pub(super) fn read(html: &str) -> Self {
        let mut page = Self::default();
        let mut in_title = false;
        for token in Tokens::of_html(html) {
            match token {
                Token::Open(tag) => {
                    in_title = tag.is("title") && page.title.is_empty();
                    page.open(&tag);
                }
                Token::Text(text) if in_title => {
                    let mut title = String::new();
                    push_text(&mut title, text);
                    page.title = title.split_whitespace().collect::<Vec<&str>>().join(" ");
                    in_title = false;
                }
                Token::Text(_) | Token::Close(_) => {}
            }
        }
        page
    }

    fn open(&mut self, tag: &Tag<'_>) {
        if tag.is_any(&["a", "area"]) {
            if !has_word(tag, "rel", "nofollow") {
                self.link(attribute(tag, "href"));
            }
        } else if tag.is("base") {
            self.base = self.base.take().or_else(|| attribute(tag, "href"));
        } else if tag.is("link") && has_word(tag, "rel", "canonical") {
            self.canonical = self.canonical.take().or_else(|| attribute(tag, "href"));
        } else if tag.is("meta") {
            self.meta(tag);
        }
    }

    fn meta(&mut self, tag: &Tag<'_>) {
        let content = attribute(tag, "content").unwrap_or_default();
        let name = attribute(tag, "name").unwrap_or_default();
        if name.eq_ignore_ascii_case("robots") || name.eq_ignore_ascii_case(PRODUCT) {
            self.wishes.read(&content);
        }
        let directive = attribute(tag, "http-equiv").unwrap_or_default();
        if directive.eq_ignore_ascii_case("refresh") {
            let target = content.split_once(';').map(|(_, target)| target.trim());
            let target = target.and_then(|target| target.split_once('='));
            self.link(target.map(|(_, url)| url.trim_matches(['"', '\'', ' ']).to_owned()));
        }
    }

    fn link(&mut self, link: Option<String>) {
        let link = link.filter(|link| !link.is_empty() && link.len() <= LONGEST_LINK);
        if self.links.len() < MOST_LINKS {
            self.links.extend(link);
        }
    }
}

/// Whether an attribute that is a list of words has this one.
fn has_word(tag: &Tag<'_>, name: &str, word: &str) -> bool {
    let list = attribute(tag, name).unwrap_or_default();
    list.split_ascii_whitespace().any(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_page_is_told_by_its_head_and_links() {
        let page = Discovery::read(
            "<!doctype html><HTML><head><TITLE> Opening\n hours &amp; more </TITLE><base href=/help/>
             <link rel='alternate canonical' href='https://example.com/a?x=1&amp;y=2'>
             <meta name=viewport content='width=1'><meta content='NOINDEX , follow' name=\"Robots\">
             <script>document.write('<a href=/script>x</a>')</script><!-- <a href=/comment> -->
             </head><body><svg><title>Icon</title></svg><a class=x href = \"/a b\" >A</a><a href=c>C</a><a name=top>
             <a rel='noopener NoFollow' href=/secret><area href='/d'><a href=''><a data-href=/no href=/yes/>
             <meta http-equiv=refresh content=\"0; url='/next'\"><a href=/last",
        );
        assert_eq!(page.title, "Opening hours & more");
        assert_eq!(page.base.as_deref(), Some("/help/"));
        assert_eq!(page.canonical.as_deref(), Some("https://example.com/a?x=1&y=2"));
        assert_eq!(page.wishes, Wishes { no_index: true, no_follow: false });
        assert_eq!(page.links, ["/a b", "c", "/d", "/yes/", "/next", "/last"]);
    }

    #[test]
    fn wishes_are_read_from_the_page_and_its_head() {
        let header = |value: &str| {
            let mut wishes = Wishes::default();
            wishes.read_header(value);
            (wishes.no_index, wishes.no_follow)
        };
        assert_eq!(header("noindex"), (true, false));
        assert_eq!(header("none"), (true, true));
        assert_eq!(header("googlebot: noindex, nofollow"), (false, false));
        assert_eq!(header("googlebot: noindex, kobyportalbot: nofollow"), (false, true));
        assert_eq!(header("unavailable_after: 25 Jun 2010 15:00:00 PST, noindex"), (true, false));
        assert_eq!(header("max-snippet: 3, nofollow"), (false, true));
        let ours = Discovery::read(
            "<meta name=KobyPortalBot content=none><meta name=googlebot content=all>",
        );
        assert_eq!(ours.wishes, Wishes { no_index: true, no_follow: true });
    }

    #[test]
    fn there_is_an_end_to_links() {
        let many = "<a href=/a>".repeat(5_000) + &format!("<a href=/{}>", "b".repeat(3_000));
        assert_eq!(Discovery::read(&many).links.len(), MOST_LINKS);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(<|>|/|=|'|\"| |a|href|meta|&amp;|ü|\\PC){0,60}") {
            let page = Discovery::read(&text);
            prop_assert!(page.links.len() <= text.len());
        }
    }
}
