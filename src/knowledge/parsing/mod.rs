//! Files into text: what came from outside, read as what it says it is, within bounds.
//!
//! Every parser writes a [`Manuscript`]; none trusts its input. Each has limits on depth, count and size, so that a
//! small file which unfolds into a large one (a bomb) costs no more than a plain one of the largest size, and each
//! refuses with words that say what to do.

pub(super) mod charset;
mod docx;
mod html;
pub(super) mod inflate;
mod manuscript;
mod markdown;
pub(super) mod markup;

mod pdf;
mod plain;
mod zip;

pub use self::manuscript::{Block, Manuscript, Refusal, blocks, checksum, title_of};

/// Types of files that are read, as their media types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `text/plain`.
    Plain,
    /// `text/markdown`.
    Markdown,
    /// `text/html`, `application/xhtml+xml`.
    Html,
    /// `application/pdf`.
    Pdf,
    /// `application/vnd.openxmlformats-officedocument.wordprocessingml.document`.
    Docx,
}

const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

impl Format {
    /// What is read, for people.
    pub const TYPES: &'static str = "text/plain, text/markdown, text/html, application/pdf, \
         application/vnd.openxmlformats-officedocument.wordprocessingml.document (docx)";
    /// The media type of a question and its answer, which are no file.
    pub const QUESTION: &'static str = "text/x-qa";

    /// The format of a media type, whatever its parameters.
    pub fn of(media_type: &str) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "text/plain" => Some(Self::Plain),
            "text/markdown" | "text/x-markdown" => Some(Self::Markdown),
            "text/html" | "application/xhtml+xml" => Some(Self::Html),
            "application/pdf" => Some(Self::Pdf),
            DOCX => Some(Self::Docx),
            _ => None,
        }
    }

    /// Whether files of the format are text themselves.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Plain | Self::Markdown | Self::Html)
    }

    /// The media type, as it is stored.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Plain => "text/plain",
            Self::Markdown => "text/markdown",
            Self::Html => "text/html",
            Self::Pdf => "application/pdf",
            Self::Docx => DOCX,
        }
    }
}

/// Reads a file. Of text, `charset` is the encoding that was declared for it, as [`charset::of_media_type`] finds it.
pub fn parse(format: Format, charset: Option<&str>, bytes: &[u8]) -> Result<Manuscript, Refusal> {
    let manuscript = match format {
        Format::Plain => plain::parse(&charset::decoded(bytes, charset)?)?,
        Format::Markdown => markdown::parse(&charset::decoded(bytes, charset)?)?,
        Format::Html => {
            let own = if charset.is_none() { charset::of_page(bytes) } else { None };
            html::parse(&charset::decoded(bytes, charset.or(own.as_deref()))?)?
        }
        Format::Pdf => pdf::parse(bytes)?,
        Format::Docx => docx::parse(bytes)?,
    };
    if manuscript.is_empty() { Err(Refusal::WithoutText) } else { Ok(manuscript) }
}
