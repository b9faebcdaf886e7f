//! Keyset pagination: a list is read in order of a key that ends in the row's id, and the next page
//! starts after the last key of this one. Rows that come or go between two pages neither repeat nor hide
//! others.

use base64ct::{Base64UrlUnpadded, Encoding as _};

use crate::db::Param;
use crate::error::{Error, Result};
use crate::row;

/// Sorts after every text, as the first page of a descending list needs it.
pub const LAST: &str = "\u{10FFFF}";
/// Longest accepted cursor.
const LONGEST_CURSOR: usize = 2_048;

row! {
    /// How many rows all pages of a list have.
    #[derive(Debug)]
    pub struct TotalRow {
        /// None is counted beyond what the statement says.
        pub total: i64,
    }
}

/// One page of a list whose key has `KEYS` columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<const KEYS: usize> {
    limit: u32,
    after: Option<[String; KEYS]>,
}

impl<const KEYS: usize> Page<KEYS> {
    /// `limit` and `cursor` as the query states them.
    ///
    /// # Errors
    /// 400 when the limit is no whole number of 1 to `most`, or the cursor was not given by this list.
    pub fn new(limit: Option<&str>, cursor: Option<&str>, default: u32, most: u32) -> Result<Self> {
        let limit = match limit {
            None => default,
            Some(text) => {
                text.parse().ok().filter(|limit| (1..=most).contains(limit)).ok_or_else(|| {
                    Error::bad_request("invalid_limit", "Invalid limit")
                        .hint(format!("Send a whole number from 1 to {most}."))
                })?
            }
        };
        let after = cursor.map(read_cursor).transpose()?;
        Ok(Self { limit, after })
    }

    /// Values for a descending list: `(a, …, id) < (?n, …)`, then `LIMIT`. One row more than the page is
    /// read, which tells whether there is another.
    pub fn descending(&self) -> Vec<Param> {
        self.params(LAST)
    }

    /// Like [`Page::descending`], for a list of what came before `bound`, a value of the key's first column:
    /// so that the index is entered there.
    pub fn descending_before(&self, bound: &Param) -> Vec<Param> {
        let mut params = self.descending();
        if let (Param::Text(bound), Some(Param::Text(first))) = (bound, params.first())
            && bound <= first
        {
            let start = std::iter::once(bound.as_str()).chain(std::iter::repeat(""));
            for (param, start) in params.iter_mut().take(KEYS).zip(start) {
                *param = start.into();
            }
        }
        params
    }

    /// Values for an ascending list: `(a, …, id) > (?n, …)`, then `LIMIT`.
    pub fn ascending(&self) -> Vec<Param> {
        self.params("")
    }

    fn params(&self, start: &str) -> Vec<Param> {
        let mut params: Vec<Param> = match &self.after {
            Some(keys) => keys.iter().map(|key| Param::from(key.as_str())).collect(),
            None => (0..KEYS).map(|_| Param::from(start)).collect(),
        };
        params.push(Param::from(self.limit + 1));
        params
    }

    /// The page's rows, and the cursor of the next page if there is one. `key` gives a row's key as stored.
    pub fn cut<T>(
        &self,
        mut rows: Vec<T>,
        key: impl Fn(&T) -> [String; KEYS],
    ) -> (Vec<T>, Option<String>) {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        if rows.len() <= limit {
            return (rows, None);
        }
        rows.truncate(limit);
        let next = rows.last().map(|last| write_cursor(&key(last)));
        (rows, next)
    }
}

fn write_cursor(keys: &[String]) -> String {
    Base64UrlUnpadded::encode_string(&serde_json::to_vec(keys).unwrap_or_default())
}

fn read_cursor<const KEYS: usize>(text: &str) -> Result<[String; KEYS]> {
    let refused = || {
        Error::bad_request("invalid_cursor", "Invalid cursor")
            .hint("Send the nextCursor of the page before, unchanged, to the same list.")
    };
    if text.len() > LONGEST_CURSOR {
        return Err(refused());
    }
    let bytes = Base64UrlUnpadded::decode_vec(text).map_err(|_| refused())?;
    let keys: Vec<serde_json::Value> = serde_json::from_slice(&bytes).map_err(|_| refused())?;
    let keys: Option<Vec<String>> =
        keys.into_iter().map(|key| key.as_str().map(str::to_owned)).collect();
    keys.and_then(|keys| keys.try_into().ok()).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_full_names_the_next() {
        let page = Page::<2>::new(Some("2"), None, 50, 100).unwrap();
        assert_eq!(page.descending(), [Param::from(LAST), LAST.into(), 3_i64.into()]);
        let row = |id: &str| ("2025-01-01 00:00:00".to_owned(), id.to_owned());
        let (rows, next) =
            page.cut(vec![row("c"), row("b"), row("a")], |(at, id)| [at.clone(), id.clone()]);
        assert_eq!(rows.len(), 2);
        let second = Page::<2>::new(None, next.as_deref(), 50, 100).unwrap();
        assert_eq!(
            second.descending(),
            [Param::from("2025-01-01 00:00:00"), "b".into(), 51_i64.into()]
        );
        assert_eq!(second.cut(vec![row("a")], |(at, id)| [at.clone(), id.clone()]).1, None);
    }

    #[test]
    fn a_bound_moves_the_start_of_a_list_back_but_never_forth() {
        let first = Page::<2>::new(None, None, 50, 100).unwrap();
        let starts = |page: &Page<2>, bound: &str| {
            let params = page.descending_before(&bound.into());
            (params[0].clone(), params[1].clone(), params[2].clone())
        };
        assert_eq!(starts(&first, "2025-02-01"), ("2025-02-01".into(), "".into(), 51_i64.into()));
        assert_eq!(starts(&first, LAST).0, LAST.into());
        let cursor = write_cursor(&["2025-01-10".to_owned(), "b".to_owned()]);
        let later = Page::<2>::new(None, Some(&cursor), 50, 100).unwrap();
        assert_eq!(starts(&later, "2025-02-01"), ("2025-01-10".into(), "b".into(), 51_i64.into()));
        assert_eq!(starts(&later, "2025-01-01"), ("2025-01-01".into(), "".into(), 51_i64.into()));
    }

    #[test]
    fn bad_paging_is_refused() {
        for limit in ["0", "-1", "101", "many", "1.5", "1e2", "99999999999"] {
            let error = Page::<2>::new(Some(limit), None, 50, 100).unwrap_err();
            assert_eq!(error.code(), "invalid_limit", "{limit}");
        }
        let one = write_cursor(&["a".to_owned()]);
        let numbers = Base64UrlUnpadded::encode_string(b"[1,2]");
        for cursor in ["x", "e30", "%", &one, &numbers, &"A".repeat(3_000)] {
            let error = Page::<2>::new(None, Some(cursor), 50, 100).unwrap_err();
            assert_eq!(error.code(), "invalid_cursor", "{cursor}");
        }
    }
}
