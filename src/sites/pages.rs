//! Which pages may talk to a site: those it lists, those of its own domain, and the one that needs no key.

use crate::config::Environment;
use crate::error::Result;
use crate::http::body::{Text, invalid};
use crate::origin::{Origin, OriginList};

/// Most entries of a list of origins.
const MOST_ORIGINS: usize = 50;

/// What says whose pages may talk to a site, or to one deployment of it.
#[derive(Debug, Clone, Copy)]
pub struct Pages<'a> {
    /// The list: origins, and patterns such as `https://*.example.com`.
    pub allowed_origins: &'a [String],
    /// The site's own host name; with and without `www.`.
    pub domain: Option<&'a str>,
    /// The origin whose pages need no key.
    pub keyless_origin: Option<&'a str>,
}

/// Why a page may talk to a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed<'a> {
    /// This entry of the list matches.
    Listed(&'a str),
    /// It is a page of this domain, the site's own.
    Domain(&'a str),
    /// It is the origin whose pages need no key.
    Keyless(&'a str),
    /// On a developer's machine, a site without a list is open to all pages.
    Development,
}

impl<'a> Pages<'a> {
    /// Whether the page may talk to the site, and why. An empty list is nobody's but the site's own, except in
    /// development.
    pub fn allows(&self, origin: &Origin, environment: Environment) -> Option<Allowed<'a>> {
        let matches = |entry: &str| OriginList::parse([entry]).0.allows(origin);
        if let Some(entry) = self.allowed_origins.iter().find(|entry| matches(entry)) {
            return Some(Allowed::Listed(entry));
        }
        let domain = self.domain.filter(|domain| !domain.is_empty());
        if let Some(domain) = domain
            && (matches(domain) || matches(&format!("www.{domain}")))
        {
            return Some(Allowed::Domain(domain));
        }
        if let Some(keyless) = self.keyless_origin.filter(|entry| matches(entry)) {
            return Some(Allowed::Keyless(keyless));
        }
        let is_open = environment == Environment::Development && self.lists_nothing();
        is_open.then_some(Allowed::Development)
    }

    fn lists_nothing(&self) -> bool {
        OriginList::parse(self.allowed_origins.iter().map(String::as_str)).0.is_empty()
    }
}

/// The entries of a list of allowed origins, as a body names them.
pub(crate) fn judge_origins(entries: Vec<Text<1, 300>>) -> Result<Vec<String>> {
    if entries.len() > MOST_ORIGINS {
        return Err(invalid(
            "allowedOrigins",
            &format!("must have at most {MOST_ORIGINS} entries"),
        ));
    }
    let (_, refused) = OriginList::parse(entries.iter().map(Text::as_str));
    if let Some(entry) = refused.first() {
        let expected = format!(
            "has the entry \"{entry}\", which is not an origin such as https://www.example.com \
             or https://*.example.com"
        );
        return Err(invalid("allowedOrigins", &expected));
    }
    Ok(entries.into_iter().map(|entry| entry.0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(list: &[&str], page: &str, environment: Environment) -> Option<String> {
        let list: Vec<String> = list.iter().map(|entry| (*entry).to_owned()).collect();
        let pages = Pages {
            allowed_origins: &list,
            domain: Some("Smile.example"),
            keyless_origin: Some("https://book.example"),
        };
        let page = Origin::parse(page).unwrap();
        pages.allows(&page, environment).map(|allowed| format!("{allowed:?}"))
    }

    #[test]
    fn the_entry_that_allows_a_page_is_named() {
        let list = ["https://shop.example", "*.shop.example"];
        let named = |page| allowed(&list, page, Environment::Production);
        for (page, entry) in [
            ("https://shop.example", r#"Listed("https://shop.example")"#),
            ("https://a.b.shop.example", r#"Listed("*.shop.example")"#),
            ("https://smile.example", r#"Domain("Smile.example")"#),
            ("https://www.smile.example", r#"Domain("Smile.example")"#),
            ("https://book.example", r#"Keyless("https://book.example")"#),
        ] {
            assert_eq!(named(page).as_deref(), Some(entry), "{page}");
        }
        for page in [
            "http://shop.example",
            "https://shop.example:8443",
            "https://evil-shop.example",
            "https://shop.example.evil.net",
            "https://x.smile.example",
        ] {
            assert_eq!(named(page), None, "{page}");
        }
    }

    #[test]
    fn an_empty_list_opens_a_site_in_development_alone() {
        let page = "https://any.example";
        assert_eq!(allowed(&[], page, Environment::Development).as_deref(), Some("Development"));
        // What is no origin lists nothing.
        assert!(allowed(&["://"], page, Environment::Development).is_some());
        for environment in [Environment::Staging, Environment::Production] {
            assert_eq!(allowed(&[], page, environment), None);
        }
        assert_eq!(allowed(&["https://shop.example"], page, Environment::Development), None);
    }
}
