//! Web origins and the patterns that allow them: one rule for CORS, for a token's `azp` and for a
//! site's own list (Fetch standard, "serialized origin").

use std::fmt;

/// `scheme://host[:port]`, host in lower case, the scheme's default port left out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Origin {
    /// Reads the value of an `Origin` header. `null`, paths, credentials and odd hosts are refused.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "https" && scheme != "http" {
            return None;
        }
        let (host, port) = split_port(rest)?;
        if !host.split('.').all(is_label) {
            return None;
        }
        let default_port = if scheme == "https" { 443 } else { 80 };
        let port = port.filter(|port| *port != default_port);
        Some(Self { scheme, host: host.to_ascii_lowercase(), port })
    }

    /// The origin of an address: what is before its path, its query and its fragment.
    pub fn of_url(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        Self::parse(&format!("{scheme}://{authority}"))
    }

    /// The host, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The entries of an allow-list that would allow this origin, in each way to write them, in lower case: for a
    /// look into a list that is stored.
    pub fn listed_as(&self) -> Vec<String> {
        let port = self.port.map_or_else(String::new, |port| format!(":{port}"));
        let labels: Vec<&str> = self.host.split('.').collect();
        let parents =
            (1..labels.len()).filter_map(|at| labels.get(at..)).map(|rest| rest.join("."));
        // No list has an entry for all hosts below one without a dot.
        let parents = parents.filter(|parent| parent.contains('.') || parent == "localhost");
        let hosts =
            std::iter::once(self.host.clone()).chain(parents.map(|parent| format!("*.{parent}")));
        let mut entries = Vec::new();
        for host in hosts {
            let bare = format!("{host}{port}");
            let whole = format!("{}://{bare}", self.scheme);
            if self.scheme == "https" {
                entries.extend([format!("{bare}/"), bare]);
            }
            entries.extend([format!("{whole}/"), whole]);
        }
        entries
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

fn split_port(rest: &str) -> Option<(&str, Option<u16>)> {
    match rest.split_once(':') {
        None => Some((rest, None)),
        Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
            Some((host, Some(port.parse().ok()?)))
        }
        Some(_) => None,
    }
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// An address that a page may load something from: https, a host, and nothing that ends an attribute.
pub fn is_https_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_odd = |c: char| c.is_control() || c.is_whitespace() || "\"'<>\\`{}|^".contains(c);
    Origin::parse(&format!("https://{host}")).is_some() && !text.contains(is_odd)
}

/// One entry of an allow-list: an exact origin, or `https://*.example.com`, where `*` stands for one
/// or more whole labels and never for none. `*.example.com` without a scheme means `https`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Exact(Origin),
    Subdomains(Origin),
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let with_scheme;
        let text = if text.contains("://") {
            text
        } else {
            with_scheme = format!("https://{text}");
            &with_scheme
        };
        match text.split_once("://*.") {
            Some((scheme, parent)) if parent.contains('.') || parent == "localhost" => {
                Origin::parse(&format!("{scheme}://{parent}")).map(Self::Subdomains)
            }
            Some(_) => None,
            None => Origin::parse(text).map(Self::Exact),
        }
    }

    fn matches(&self, origin: &Origin) -> bool {
        match self {
            Self::Exact(allowed) => allowed == origin,
            Self::Subdomains(parent) => {
                parent.scheme == origin.scheme
                    && parent.port == origin.port
                    && origin
                        .host
                        .strip_suffix(parent.host.as_str())
                        .is_some_and(|labels| labels.len() > 1 && labels.ends_with('.'))
            }
        }
    }
}

/// An allow-list of origins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OriginList(Vec<Pattern>);

impl OriginList {
    /// Reads entries; the second part names those that are not origins.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> (Self, Vec<String>) {
        let mut patterns = Vec::new();
        let mut refused = Vec::new();
        for entry in entries.into_iter().map(str::trim).filter(|entry| !entry.is_empty()) {
            match Pattern::parse(entry) {
                Some(pattern) => patterns.push(pattern),
                None => refused.push(entry.to_owned()),
            }
        }
        (Self(patterns), refused)
    }

    /// Whether the list has no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an entry allows this origin.
    pub fn allows(&self, origin: &Origin) -> bool {
        self.0.iter().any(|pattern| pattern.matches(origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[&str]) -> OriginList {
        let (list, refused) = OriginList::parse(entries.iter().copied());
        assert_eq!(refused, Vec::<String>::new());
        list
    }

    fn allows(list: &OriginList, origin: &str) -> bool {
        Origin::parse(origin).is_some_and(|origin| list.allows(&origin))
    }

    #[test]
    fn exact_entries_compare_whole_origins() {
        let list = list(&["https://app.example.com", "http://localhost:3000"]);
        assert!(allows(&list, "https://app.example.com"));
        assert!(allows(&list, "https://APP.example.com:443"));
        assert!(allows(&list, "http://localhost:3000"));
        for other in [
            "http://app.example.com",
            "https://app.example.com:8443",
            "https://app.example.com.evil.net",
            "https://evil-app.example.com",
            "http://localhost:3001",
            "null",
            "",
        ] {
            assert!(!allows(&list, other), "{other}");
        }
    }

    #[test]
    fn an_origin_knows_the_entries_that_list_it() {
        for (origin, entry) in [
            ("https://a.b.example.com", "https://*.example.com"),
            ("https://a.b.example.com", "*.b.example.com/"),
            ("https://a.b.example.com", "A.b.Example.com"),
            ("http://localhost:3000", "http://localhost:3000/"),
            ("http://shop.localhost", "http://*.localhost"),
        ] {
            let origin = Origin::parse(origin).unwrap();
            assert!(list(&[entry]).allows(&origin), "{entry}");
            assert!(origin.listed_as().contains(&entry.to_lowercase()), "{entry}");
        }
        let origin = Origin::parse("https://a.b.example.com:8443").unwrap();
        for entry in origin.listed_as() {
            assert!(list(&[&entry]).allows(&origin), "{entry}");
        }
    }

    #[test]
    fn wildcards_stand_for_whole_labels() {
        let list = list(&["https://*.example.com"]);
        assert!(allows(&list, "https://a.example.com"));
        assert!(allows(&list, "https://a.b.example.com"));
        for other in [
            "https://example.com",
            "https://evil-example.com",
            "https://evilexample.com",
            "http://a.example.com",
            "https://a.example.com:444",
            "https://a.example.com.evil.net",
            "https://.example.com",
        ] {
            assert!(!allows(&list, other), "{other}");
        }
    }

    #[test]
    fn entries_that_are_not_origins_are_named() {
        let (list, refused) =
            OriginList::parse(["https://*.com", "https://a.example/path", "ftp://a.example", " "]);
        assert!(list.is_empty());
        assert_eq!(refused, ["https://*.com", "https://a.example/path", "ftp://a.example"]);
    }

    #[test]
    fn odd_headers_are_no_origins() {
        for text in [
            "https://user@host.example",
            "https://host.example:",
            "https://host.example:99999",
            "https://ho st",
            "https://",
            "javascript://x",
        ] {
            assert_eq!(Origin::parse(text), None, "{text}");
        }
    }
}
