//! Entity tags of a configuration, and `If-Match` (RFC 9110, sections 8.8.3 and 13.1.1).

use http::{HeaderMap, header};

use crate::error::{Error, Kind, Result};

/// The tag of a version; 0 is an org that has the defaults.
pub(super) fn etag(version: i64) -> String {
    format!("\"v{version}\"")
}

/// What must be there for a write to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Precondition {
    /// Anything: the last write wins.
    None,
    /// A stored configuration.
    Stored,
    /// One of these versions.
    Versions(Vec<i64>),
}

impl Precondition {
    /// Reads `If-Match`. A tag that is weak, or none of ours, matches nothing.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(header::IF_MATCH).iter().peekable();
        if values.peek().is_none() {
            return Self::None;
        }
        let tags: Vec<&str> = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .collect();
        if tags.contains(&"*") {
            return Self::Stored;
        }
        Self::Versions(tags.into_iter().filter_map(version).collect())
    }

    /// Judges the version that was read; gives the one that the write must find, if it must find one.
    pub(super) fn judge(&self, version: i64) -> Result<Option<i64>> {
        match self {
            Self::None => Ok(None),
            // A row never goes away, so that one that was read is there.
            Self::Stored if version > 0 => Ok(None),
            Self::Versions(versions) if versions.contains(&version) => Ok(Some(version)),
            Self::Stored | Self::Versions(_) => Err(failed()),
        }
    }
}

fn version(tag: &str) -> Option<i64> {
    let version: i64 = tag.strip_prefix("\"v")?.strip_suffix('"')?.parse().ok()?;
    (etag(version) == tag).then_some(version)
}

/// Somebody else wrote in between.
#[cold]
#[track_caller]
pub(super) fn failed() -> Error {
    Error::new(Kind::PreconditionFailed, "precondition_failed", "Precondition failed").hint(
        "The configuration changed since you read it. Read it again, then repeat your change.",
    )
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(values: &[&'static str]) -> Precondition {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_MATCH, HeaderValue::from_static(value));
        }
        Precondition::of(&headers)
    }

    #[test]
    fn if_match_is_read_as_a_list_of_strong_tags() {
        assert_eq!(read(&[]), Precondition::None);
        assert_eq!(read(&["*"]), Precondition::Stored);
        assert_eq!(read(&["\"v3\""]), Precondition::Versions(vec![3]));
        assert_eq!(read(&["\"v3\", \"x\"", "\"v4\""]), Precondition::Versions(vec![3, 4]));
        for other in ["W/\"v3\"", "v3", "\"v03\"", "\"v+3\"", ""] {
            assert_eq!(read(&[other]), Precondition::Versions(vec![]), "{other}");
        }
    }

    #[test]
    fn a_write_must_find_what_was_read() {
        assert_eq!(read(&[]).judge(0).unwrap(), None);
        assert_eq!(read(&["\"v0\""]).judge(0).unwrap(), Some(0));
        assert_eq!(read(&["*"]).judge(2).unwrap(), None);
        for (value, version) in [("*", 0), ("\"v1\"", 2), ("W/\"v2\"", 2)] {
            let error = read(&[value]).judge(version).unwrap_err();
            assert_eq!(error.code(), "precondition_failed", "{value}");
        }
    }
}
