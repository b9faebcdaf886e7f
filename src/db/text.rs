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
    fn comment_lines_go_and_all_else_stays() {
        const TEXT: &str = "-- why\nSELECT 'é--x' -- kept\n  -- gone\nFROM t";
        const LENGTH: usize = text_length(TEXT);
        let kept = without_comments::<LENGTH>(TEXT);
        assert_eq!(std::str::from_utf8(&kept), Ok("SELECT 'é--x' -- kept\nFROM t"));
    }
}
