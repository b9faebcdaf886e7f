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

/// The length of a list's statement for the view of all orgs.
pub const fn all_orgs_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut length) = (0, 0);
    while at < bytes.len() {
        if at_org(bytes, at) {
            at = column_end(bytes, at);
            length += ALL_ORGS.len();
        } else {
            at += 1;
            length += 1;
        }
    }
    length
}

/// A list's statement for the view of all orgs; `LENGTH` is [`all_orgs_length`].
#[expect(clippy::indexing_slicing, reason = "runs while compiling, where a panic is an error")]
pub const fn for_all_orgs<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    let bytes = text.as_bytes();
    let mut written = [0; LENGTH];
    let (mut at, mut length) = (0, 0);
    while at < bytes.len() {
        if at_org(bytes, at) {
            at = column_end(bytes, at);
            let mut from = 0;
            while from < ALL_ORGS.len() {
                written[length] = ALL_ORGS[from];
                length += 1;
                from += 1;
            }
        } else {
            written[length] = bytes[at];
            length += 1;
            at += 1;
        }
    }
    written
}

/// Whether the column that is compared with the scope begins here.
#[expect(clippy::indexing_slicing, reason = "runs while compiling, where a panic is an error")]
const fn at_org(bytes: &[u8], at: usize) -> bool {
    if at < ORG_OF_SCOPE.len() || at >= bytes.len() || !bytes[at].is_ascii_alphabetic() {
        return false;
    }
    let mut back = 0;
    while back < ORG_OF_SCOPE.len() {
        if bytes[at - ORG_OF_SCOPE.len() + back] != ORG_OF_SCOPE[back] {
            return false;
        }
        back += 1;
    }
    true
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
        const TEXT: &str = "SELECT (SELECT org_id FROM scope) = '*' FROM t WHERE (SELECT org_id FROM scope) = t.org_id AND t.a > ?4";
        const LENGTH: usize = all_orgs_length(TEXT);
        let all = for_all_orgs::<LENGTH>(TEXT);
        assert_eq!(
            std::str::from_utf8(&all),
            Ok(
                "SELECT (SELECT org_id FROM scope) = '*' FROM t WHERE (SELECT org_id FROM scope) = '*' AND t.a > ?4"
            )
        );
    }

    #[test]
    fn comment_lines_go_and_all_else_stays() {
        const TEXT: &str = "-- why\nSELECT 'é--x' -- kept\n  -- gone\nFROM t";
        const LENGTH: usize = text_length(TEXT);
        let kept = without_comments::<LENGTH>(TEXT);
        assert_eq!(std::str::from_utf8(&kept), Ok("SELECT 'é--x' -- kept\nFROM t"));
    }
}
