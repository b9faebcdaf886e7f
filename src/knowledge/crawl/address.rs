//! Addresses of pages: one spelling each, and which of them belong to a source.

use sha2::{Digest as _, Sha256};

use crate::http::public_url::PublicUrl;

/// Longest address of a page, in bytes: a page of the list must be told by a cursor.
const LONGEST: usize = 1_000;

/// Parameters that say where a visitor comes from, not what is shown.
const TRACKING: &[&str] = &[
    "_ga",
    "_gl",
    "dclid",
    "fbclid",
    "gad_source",
    "gbraid",
    "gclid",
    "gclsrc",
    "igshid",
    "li_fat_id",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "msclkid",
    "phpsessid",
    "srsltid",
    "ttclid",
    "twclid",
    "wbraid",
    "yclid",
];

/// Endings of files that hold no text that is read.
const OTHER_FILES: &[&str] = &[
    "7z",
    "apk",
    "avi",
    "avif",
    "bin",
    "bmp",
    "css",
    "csv",
    "dmg",
    "doc",
    "eot",
    "eps",
    "exe",
    "gif",
    "gz",
    "ico",
    "ics",
    "iso",
    "jpeg",
    "jpg",
    "js",
    "json",
    "m4a",
    "m4v",
    "mjs",
    "mkv",
    "mov",
    "mp3",
    "mp4",
    "mpeg",
    "mpg",
    "msi",
    "odt",
    "ogg",
    "otf",
    "png",
    "ppt",
    "pptx",
    "rar",
    "rss",
    "svg",
    "tar",
    "tgz",
    "tif",
    "tiff",
    "ttf",
    "wav",
    "webm",
    "webmanifest",
    "webp",
    "wmv",
    "woff",
    "woff2",
    "xls",
    "xlsx",
    "xml",
    "zip",
];

/// The spelling under which a page is known: without what only counts visitors. Nothing if it is too long.
pub(super) fn normal(url: &PublicUrl) -> Option<PublicUrl> {
    let query = url.query().map(|query| {
        let kept: Vec<&str> = query.split('&').filter(|pair| !is_tracking(pair)).collect();
        kept.join("&")
    });
    let url = if query.as_deref() == url.query() {
        url.clone()
    } else {
        url.with_query(query.as_deref())
    };
    (url.as_str().len() <= LONGEST).then_some(url)
}

fn is_tracking(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
    pair.is_empty() || name.starts_with("utm_") || TRACKING.contains(&name.as_str())
}

/// What a page is found by.
pub(super) fn digest(url: &PublicUrl) -> String {
    digest_of(url.as_str().as_bytes())
}

/// What two bodies, or two addresses, are told apart by.
pub(super) fn digest_of(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    hex::encode(digest.iter().copied().take(16).collect::<Vec<u8>>())
}

/// Whether two addresses are of one site: the same host, with or without `www.`, by whichever scheme.
pub(super) fn same_site(one: &PublicUrl, other: &PublicUrl) -> bool {
    site(one) == site(other) && one.port() == other.port()
}

fn site(url: &PublicUrl) -> &str {
    url.host().strip_prefix("www.").unwrap_or_else(|| url.host())
}

/// Whether an address may lead to a page: not if it ends like a picture, a program or an archive.
pub(super) fn may_be_page(url: &PublicUrl) -> bool {
    let file = url.path().rsplit('/').next().unwrap_or_default();
    let ending = file.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_none_or(|ending| !OTHER_FILES.contains(&ending.as_str()))
}

/// Path and query, as `robots.txt` judges them.
pub(super) fn path_and_query(url: &PublicUrl) -> &str {
    url.as_str().get(url.origin().len()..).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;
    use crate::http::public_url::judge;

    fn url(text: &str) -> PublicUrl {
        judge(text, Environment::Production).unwrap()
    }

    #[test]
    fn one_page_has_one_spelling() {
        for (text, expected) in [
            ("HTTPS://Example.com:443/a?utm_source=x&b=1&GCLID=2#top", "https://example.com/a?b=1"),
            ("https://example.com?utm_a=1", "https://example.com/"),
            ("https://example.com/a?&&b", "https://example.com/a?b"),
            ("https://example.com/a?b=2&a=1", "https://example.com/a?b=2&a=1"),
        ] {
            let normal = normal(&url(text)).unwrap();
            assert_eq!(normal.as_str(), expected);
            assert_eq!(super::normal(&normal).unwrap(), normal);
        }
        assert_eq!(normal(&url(&format!("https://example.com/{}", "a".repeat(1_000)))), None);
        assert_eq!(digest(&url("https://example.com/")).len(), 32);
    }

    #[test]
    fn a_site_is_its_host_with_or_without_www() {
        let site = url("https://www.example.com/help");
        for (text, same) in [
            ("http://example.com/", true),
            ("https://www.example.com/other", true),
            ("https://shop.example.com/", false),
            ("https://www.example.com.evil.com/", false),
            ("https://wwwexample.com/", false),
        ] {
            assert_eq!(same_site(&site, &url(text)), same, "{text}");
        }
    }

    #[test]
    fn pictures_and_archives_are_no_pages() {
        for (path, page) in [
            ("/", true),
            ("/a.html", true),
            ("/handbook.pdf", true),
            ("/v1.2", true),
            ("/logo.PNG", false),
            ("/a.zip?x=.html", false),
            ("/photo.jpg/", true),
        ] {
            assert_eq!(may_be_page(&url(&format!("https://example.com{path}"))), page, "{path}");
        }
    }
}
