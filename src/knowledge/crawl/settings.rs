//! What a source of type `url` is told: `knowledge_sources.config`, judged.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::address::{normal, same_site};
use crate::config::Environment;
use crate::error::Result;
use crate::http::body::invalid;
use crate::http::public_url::{PublicUrl, Reason, judge};

/// Pages of a source, unless it says otherwise.
const USUAL_PAGES: u32 = 200;
/// Most pages of a source.
const MOST_PAGES: u32 = 1_000;
/// Links from the start page to the last, unless a source says otherwise.
const USUAL_DEPTH: u32 = 5;
/// Most links from the start page to the last.
const MOST_DEPTH: u32 = 20;
/// Hours from one reading to the next, unless a source says otherwise.
const USUAL_HOURS: u32 = 24;
/// Most hours from one reading to the next: 90 days.
const MOST_HOURS: u32 = 2_160;
/// Prefixes of paths in a list.
const MOST_PREFIXES: usize = 50;
/// Longest prefix of a path, in bytes.
const LONGEST_PREFIX: usize = 300;

const KNOWN: [&str; 8] = [
    "start_url",
    // As sources from before say it.
    "url",
    "sitemap_url",
    "include_paths",
    "exclude_paths",
    "max_pages",
    "max_depth",
    "resync_hours",
];

/// How a site is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrawlConfig {
    /// Where reading begins; its site is what is read.
    pub start_url: PublicUrl,
    /// A sitemap of the site; without it, those that `robots.txt` names, and `/sitemap.xml`.
    pub sitemap_url: Option<PublicUrl>,
    /// If there are any, paths of other pages than the start begin with one of these.
    pub include_paths: Vec<String>,
    /// Paths that begin with one of these are left out.
    pub exclude_paths: Vec<String>,
    /// How many pages are kept.
    pub max_pages: u32,
    /// How many links a page may be away from the start.
    pub max_depth: u32,
    /// Hours from one reading to the next; 0 is never by itself.
    pub resync_hours: u32,
}

impl CrawlConfig {
    /// Judges the `config` of a source.
    ///
    /// # Errors
    /// 400, with the member that does not fit.
    pub fn read(config: &Map<String, Value>, environment: Environment) -> Result<Self> {
        if let Some(name) = config.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            let expected = format!("has the member \"{name}\"; known are {}", KNOWN.join(", "));
            return Err(invalid("config", &expected));
        }
        let start_url = match address(config, "start_url", environment)? {
            Some(url) => Some(url),
            None => address(config, "url", environment)?,
        };
        let start_url = start_url.ok_or_else(|| invalid("config.start_url", "is required"))?;
        let sitemap_url = address(config, "sitemap_url", environment)?;
        if sitemap_url.as_ref().is_some_and(|sitemap| !same_site(sitemap, &start_url)) {
            return Err(invalid("config.sitemap_url", "must be of the site of \"start_url\""));
        }
        Ok(Self {
            start_url,
            sitemap_url,
            include_paths: prefixes(config, "include_paths")?,
            exclude_paths: prefixes(config, "exclude_paths")?,
            max_pages: whole(config, "max_pages", USUAL_PAGES, 1, MOST_PAGES)?,
            max_depth: whole(config, "max_depth", USUAL_DEPTH, 0, MOST_DEPTH)?,
            resync_hours: whole(config, "resync_hours", USUAL_HOURS, 0, MOST_HOURS)?,
        })
    }

    /// As it is stored, every member in its place.
    pub fn to_json(&self) -> Map<String, Value> {
        let config = json!({
            "start_url": self.start_url.as_str(),
            "sitemap_url": self.sitemap_url.as_ref().map(PublicUrl::as_str),
            "include_paths": self.include_paths,
            "exclude_paths": self.exclude_paths,
            "max_pages": self.max_pages,
            "max_depth": self.max_depth,
            "resync_hours": self.resync_hours,
        });
        let members = config.as_object().cloned().unwrap_or_default();
        members.into_iter().filter(|(_, value)| !value.is_null()).collect()
    }

    /// Whether a page is to be read: of the site, below a prefix that is asked for, below none that is left out.
    pub(super) fn covers(&self, url: &PublicUrl) -> bool {
        let begins = |prefix: &String| url.path().starts_with(prefix.as_str());
        same_site(url, &self.start_url)
            && (self.include_paths.is_empty()
                || *url == self.start_url
                || self.include_paths.iter().any(begins))
            && !self.exclude_paths.iter().any(begins)
    }

    /// From the end of one reading to the beginning of the next.
    pub(super) fn resync_after(&self) -> Option<Duration> {
        (self.resync_hours > 0).then(|| Duration::from_hours(self.resync_hours.into()))
    }
}

fn named(name: &str) -> String {
    format!("config.{name}")
}

fn address(
    config: &Map<String, Value>,
    name: &str,
    environment: Environment,
) -> Result<Option<PublicUrl>> {
    let text = match config.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.trim(),
        Some(_) => return Err(invalid(&named(name), "must be a text")),
    };
    let judged = judge(text, environment).and_then(|url| normal(&url).ok_or(Reason::TooLong));
    judged.map(Some).map_err(|reason| {
        let expected = if reason == Reason::TooLong {
            "must have at most 1000 characters"
        } else {
            reason.expected()
        };
        invalid(&named(name), expected)
    })
}

/// Beginnings of paths, percent-encoded as addresses are.
fn prefixes(config: &Map<String, Value>, name: &str) -> Result<Vec<String>> {
    let refused = |expected: &str| invalid(&named(name), expected);
    let items = match config.get(name) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) if items.len() <= MOST_PREFIXES => items,
        Some(Value::Array(_)) => return Err(refused("must have at most 50 entries")),
        Some(_) => return Err(refused("must be an array")),
    };
    items
        .iter()
        .map(|item| {
            let text = item.as_str().map(str::trim).filter(|text| text.starts_with('/'));
            let path =
                text.filter(|text| text.len() <= LONGEST_PREFIX && !text.contains(['?', '#']));
            let encoded = path.and_then(|path| {
                judge(&format!("https://example.com{path}"), Environment::Production).ok()
            });
            let encoded = encoded.map(|url| url.path().to_owned());
            encoded.ok_or_else(|| {
                refused("has an entry that is not the beginning of a path such as /help/")
            })
        })
        .collect()
}

fn whole(
    config: &Map<String, Value>,
    name: &str,
    usual: u32,
    least: u32,
    most: u32,
) -> Result<u32> {
    let value = match config.get(name) {
        None | Some(Value::Null) => return Ok(usual),
        Some(value) => value.as_u64().and_then(|number| u32::try_from(number).ok()),
    };
    value.filter(|number| (least..=most).contains(number)).ok_or_else(|| {
        invalid(&named(name), &format!("must be a whole number from {least} to {most}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(config: &Value) -> Result<CrawlConfig> {
        CrawlConfig::read(config.as_object().unwrap(), Environment::Production)
    }

    #[test]
    fn a_config_is_completed_and_kept_as_it_was_understood() {
        let config =
            read(&json!({"start_url": " HTTPS://Example.com/help?utm_source=x#top "})).unwrap();
        assert_eq!(
            Value::Object(config.to_json()),
            json!({
                "start_url": "https://example.com/help", "include_paths": [], "exclude_paths": [],
                "max_pages": 200, "max_depth": 5, "resync_hours": 24,
            })
        );
        assert_eq!(read(&Value::Object(config.to_json())).unwrap(), config);
    }

    #[test]
    fn hostile_configs_are_refused() {
        for (member, value) in [
            ("start_url", json!("http://169.254.169.254/latest/meta-data")),
            ("start_url", json!("http://localhost:8787/")),
            ("start_url", json!("file:///etc/passwd")),
            ("start_url", json!(["https://example.com"])),
            ("start_url", json!(format!("https://example.com/{}", "a".repeat(1_500)))),
            ("start_url", Value::Null),
            ("sitemap_url", json!("https://other.example/sitemap.xml")),
            ("sitemap_url", json!("http://127.0.0.1/sitemap.xml")),
            ("include_paths", json!("/help")),
            ("include_paths", json!(["help"])),
            ("include_paths", json!([7])),
            ("exclude_paths", json!(["/a?b"])),
            ("exclude_paths", json!(["/a b"])),
            ("exclude_paths", json!(vec!["/a"; 51])),
            ("max_pages", json!(0)),
            ("max_pages", json!(1_001)),
            ("max_pages", json!("10")),
            ("max_pages", json!(1.5)),
            ("max_depth", json!(-1)),
            ("max_depth", json!(21)),
            ("resync_hours", json!(2_161)),
            ("token", json!("secret")),
        ] {
            let mut config = json!({"start_url": "https://example.com/"});
            config[member] = value.clone();
            let error = read(&config).unwrap_err();
            assert_eq!(error.code(), "invalid_body", "{member}: {value}");
            assert!(error.public_hint().unwrap().contains(member), "{member}: {value}");
        }
    }

    #[test]
    fn pages_are_covered_by_prefix() {
        let config = read(&json!({
            "start_url": "https://example.com/", "include_paths": ["/help/", "/über"], "exclude_paths": ["/help/old"],
        }))
        .unwrap();
        let covers = |text: &str| config.covers(&judge(text, Environment::Production).unwrap());
        for (text, covered) in [
            ("https://example.com/", true),
            ("https://example.com/about", false),
            ("https://www.example.com/help/a", true),
            ("https://example.com/help/../about", false),
            ("https://example.com/help/older", false),
            ("https://example.com/%C3%BCber-uns", true),
            ("https://other.example/help/a", false),
        ] {
            assert_eq!(covers(text), covered, "{text}");
        }
    }
}
