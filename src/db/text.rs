//! SQL texts: read from `.sql` files, without the comments that explain them to people, so that they
//! are neither shipped nor sent with every query.

/// The text of a `.sql` file beside the caller, without comment lines.
#[macro_export]
macro_rules! sql {
    ($($part:expr),+ $(,)?) => {{
        const TEXT: &str = concat!($(include_str!($part)),+);
        const LENGTH: usize = $crate::db::text_length(TEXT);
        const BYTES: [u8; LENGTH] = $crate::db::without_comments(TEXT);
        const SQL: &str = match std::str::from_utf8(&BYTES) {
            Ok(sql) => sql,
            Err(_) => panic!("comment lines are removed whole"),
        };
        SQL
    }};
}

/// What a list's statement compares its org with: the two words before the column. In the view of all
/// orgs, the column gives way to `'*'`, so that the comparison holds for every row.
const ORG_OF_SCOPE: &[u8] = b"(SELECT org_id FROM scope) = ";
const ALL_ORGS: &[u8] = b"'*'";

/// Before a list's limit. SQLite tests the comparison above at every row, and would walk the whole
/// index for a caller whose view is not that of all orgs; a limit of 0 ends before the first row.
const LIMIT: &[u8] = b"LIMIT +?";
const NONE_BUT_ALL: &[u8] = b"EXISTS (SELECT 1 FROM scope WHERE org_id = '*') * ";

/// The length of a list's statement for the view of all orgs; that of the text if it is no list's.
pub const fn all_orgs_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_list = is_list(bytes);
    let (mut at, mut length) = (0, 0);
    while at < bytes.len() {
        if at_org(bytes, at) {
            at = column_end(bytes, at);
            length += ALL_ORGS.len();
        } else {
            if is_list && follows(bytes, at + 1, LIMIT) {
                length += NONE_BUT_ALL.len();
            }
            at += 1;
            length += 1;
        }
    }
    length
}

/// A list's statement for the view of all orgs; `LENGTH` is [`all_orgs_length`].
pub const fn for_all_orgs<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    let bytes = text.as_bytes();
    let is_list = is_list(bytes);
    let mut written = [0; LENGTH];
    let (mut at, mut length) = (0, 0);
    while at < bytes.len() {
        if at_org(bytes, at) {
            at = column_end(bytes, at);
            length = append(&mut written, length, ALL_ORGS);
        } else {
            if is_list && follows(bytes, at + 1, LIMIT) {
                length = append(&mut written, length, NONE_BUT_ALL);
            }
            length = append(&mut written, length, bytes.split_at(at).1.split_at(1).0);
            at += 1;
        }
    }
    written
}

/// Writes `part` at `length`; gives the new length.
#[expect(clippy::indexing_slicing, reason = "runs while compiling, where a panic is an error")]
const fn append(written: &mut [u8], length: usize, part: &[u8]) -> usize {
    let mut from = 0;
    while from < part.len() {
        written[length + from] = part[from];
        from += 1;
    }
    length + part.len()
}

/// Whether the text compares an org with the scope.
const fn is_list(bytes: &[u8]) -> bool {
    let mut at = 0;
    while at < bytes.len() {
        if at_org(bytes, at) {
            return true;
        }
        at += 1;
    }
    false
}

/// Whether `part` ends right before `end`.
#[expect(clippy::indexing_slicing, reason = "runs while compiling, where a panic is an error")]
const fn follows(bytes: &[u8], end: usize, part: &[u8]) -> bool {
    if end < part.len() || end > bytes.len() {
        return false;
    }
    let mut back = 0;
    while back < part.len() {
        if bytes[end - part.len() + back] != part[back] {
            return false;
        }
        back += 1;
    }
    true
}

/// Whether the column that is compared with the scope begins here.
#[expect(clippy::indexing_slicing, reason = "runs while compiling, where a panic is an error")]
const fn at_org(bytes: &[u8], at: usize) -> bool {
    at < bytes.len() && bytes[at].is_ascii_alphabetic() && follows(bytes, at, ORG_OF_SCOPE)
}

/// Where the column's name ends.
#[expect(clippy::indexing_slicing, reason = "runs while compiling, where a panic is an error")]
const fn column_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len()
        && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_' || bytes[at] == b'.')
    {
        at += 1;
    }
    at
}

/// The length of a text without its comment lines.
pub const fn text_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut length) = (0, 0);
    while at < bytes.len() {
        let end = line_end(bytes, at);
        if !is_comment(bytes, at) {
            length += end - at;
        }
        at = end;
    }
    length
}

/// A text without its comment lines; `LENGTH` is [`text_length`].
#[expect(clippy::indexing_slicing, reason = "runs while compiling, where a panic is an error")]
pub const fn without_comments<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    let bytes = text.as_bytes();
    let mut kept = [0; LENGTH];
    let (mut at, mut length) = (0, 0);
    while at < bytes.len() {
        let end = line_end(bytes, at);
        if !is_comment(bytes, at) {
            while at < end {
                kept[length] = bytes[at];
                length += 1;
                at += 1;
            }
        }
        at = end;
    }
    kept
}

/// Where the next line begins.
#[expect(clippy::indexing_slicing, reason = "runs while compiling, where a panic is an error")]
const fn line_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && bytes[at] != b'\n' {
        at += 1;
    }
    if at < bytes.len() { at + 1 } else { at }
}

/// Whether the line holds nothing but a comment.
#[expect(clippy::indexing_slicing, reason = "runs while compiling, where a panic is an error")]
const fn is_comment(bytes: &[u8], mut at: usize) -> bool {
    while at < bytes.len() && bytes[at] == b' ' {
        at += 1;
    }
    at + 1 < bytes.len() && bytes[at] == b'-' && bytes[at + 1] == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_all_orgs_compares_with_the_mark_instead_of_the_column() {
        const TEXT: &str = "SELECT (SELECT org_id FROM scope) = '*' FROM t WHERE (SELECT org_id FROM scope) = t.org_id AND t.a > ?4 LIMIT +?6";
        const LENGTH: usize = all_orgs_length(TEXT);
        let all = for_all_orgs::<LENGTH>(TEXT);
        assert_eq!(
            std::str::from_utf8(&all),
            Ok(
                "SELECT (SELECT org_id FROM scope) = '*' FROM t WHERE (SELECT org_id FROM scope) = '*' AND t.a > ?4 LIMIT +EXISTS (SELECT 1 FROM scope WHERE org_id = '*') * ?6"
            )
        );
    }

    #[test]
    fn a_text_that_is_no_list_stays_as_long() {
        const TEXT: &str = "SELECT a FROM t WHERE t.org_id = ?1 LIMIT ?2";
        assert_eq!(all_orgs_length(TEXT), TEXT.len());
    }

    #[test]
    fn comment_lines_go_and_all_else_stays() {
        const TEXT: &str = "-- why\nSELECT 'é--x' -- kept\n  -- gone\nFROM t";
        const LENGTH: usize = text_length(TEXT);
        let kept = without_comments::<LENGTH>(TEXT);
        assert_eq!(std::str::from_utf8(&kept), Ok("SELECT 'é--x' -- kept\nFROM t"));
    }
}
