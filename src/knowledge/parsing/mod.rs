//! Files into text: what came from outside, read as what it says it is, within bounds.
//!
//! Every parser writes a [`Manuscript`]; none trusts its input. Each has limits on depth, count and size, so that a
//! small file which unfolds into a large one (a bomb) costs no more than a plain one of the largest size, and each
//! refuses with words that say what to do.

mod charset;
mod html;
mod manuscript;
mod markdown;
mod markup;

mod plain;

pub use self::manuscript::{Block, Manuscript, Refusal, blocks, checksum};

/// Types of files that are read, as their media types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `text/plain`.
    Plain,
    /// `text/markdown`.
    Markdown,
    /// `text/html`, `application/xhtml+xml`.
    Html,
}

impl Format {
    /// What is read, for people.
    pub const TYPES: &'static str = "text/plain, text/markdown, text/html";
    /// The media type of a question and its answer, which are no file.
    pub const QUESTION: &'static str = "text/x-qa";

    /// The format of a media type, whatever its parameters.
    pub fn of(media_type: &str) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "text/plain" => Some(Self::Plain),
            "text/markdown" | "text/x-markdown" => Some(Self::Markdown),
            "text/html" | "application/xhtml+xml" => Some(Self::Html),
            _ => None,
        }
    }

    /// The media type, as it is stored.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Plain => "text/plain",
            Self::Markdown => "text/markdown",
            Self::Html => "text/html",
        }
    }
}

/// Reads a file.
pub fn parse(format: Format, bytes: &[u8]) -> Result<Manuscript, Refusal> {
    let manuscript = match format {
        Format::Plain => plain::parse(&charset::text(bytes))?,
        Format::Markdown => markdown::parse(&charset::text(bytes))?,
        Format::Html => html::parse(&charset::text(bytes))?,
    };
    if manuscript.is_empty() { Err(Refusal::WithoutText) } else { Ok(manuscript) }
}
