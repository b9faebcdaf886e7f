//! Language models behind one trait: a prompt in, text out as it is made, with what it cost.
//!
//! A provider is asked through [`Model`]; which ones a site asks is read by [`setting`], how often and what then is
//! decided by [`chain`], not by a provider. Whatever a model says is untrusted: it is bounded here and is never markup.

pub mod ai;
pub mod catalogue;
pub mod chain;
pub mod circuit;
mod endpoint;
mod events;
mod gemini;
pub(crate) mod openai;
pub mod setting;
mod workers_ai;

use std::time::Duration;

use crate::app::{BoxFuture, Op};

pub use endpoint::BaseUrl;

/// Who speaks in a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The visitor.
    Visitor,
    /// The assistant.
    Assistant,
}

/// One turn of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Who.
    pub speaker: Speaker,
    /// What.
    pub text: String,
}

/// What a model is asked.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// What it is told about itself and its rules; never words of the visitor.
    pub system: String,
    /// The conversation, oldest first; the last turn is the visitor's.
    pub said: Vec<Said>,
    /// Tokens it may answer with.
    pub max_output_tokens: u32,
    /// Hundredths; nothing leaves it to the provider.
    pub temperature_centi: Option<u32>,
}

impl Prompt {
    /// About how many tokens it is.
    pub fn tokens(&self) -> u32 {
        let said = self.said.iter().map(|said| catalogue::estimate_tokens(&said.text));
        said.fold(catalogue::estimate_tokens(&self.system), u32::saturating_add)
    }
}

/// Tokens that were used, as the provider counts them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Read.
    pub prompt_tokens: u32,
    /// Written, reasoning included.
    pub completion_tokens: u32,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// It was complete.
    Stop,
    /// It reached the tokens it may have.
    Length,
    /// The provider's safety rules ended it.
    Blocked,
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text to show.
    Text(String),
    /// The last piece of a whole answer. Its usage is missing where the provider does not tell.
    End(Finish, Option<Usage>),
}

/// Why a provider gave no answer, or no more of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What can be done.
    pub kind: FailureKind,
    /// A private text for the log: neither a key nor words of a visitor.
    pub reason: String,
    /// When the provider says that it may be asked again.
    pub retry_after: Option<Duration>,
}

impl Failure {
    pub(crate) fn passing(reason: impl Into<String>) -> Self {
        Self { kind: FailureKind::Passing, reason: reason.into(), retry_after: None }
    }

    pub(crate) fn refused(reason: impl Into<String>) -> Self {
        Self { kind: FailureKind::Refused, reason: reason.into(), retry_after: None }
    }
}

/// What can be done about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The provider is down, slow or busy (5xx, 429, no connection): asking again may help.
    Passing,
    /// It refuses this request or this key (other 4xx): asking it again does not help, another may.
    Refused,
    /// It broke off after some of the answer.
    Cut,
}

/// An answer as it is made. Dropped, it tells the provider to stop.
pub trait Answering: Send {
    /// The next piece; nothing after [`Piece::End`] or a failure.
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Piece, Failure>>>;
}

/// A model of a provider.
pub trait Model: Send + Sync {
    /// The provider, as it is stored with a message: `gemini`, `openai`, `workers-ai`.
    fn provider(&self) -> &'static str;

    /// The model's name at the provider.
    fn name(&self) -> &str;

    /// Asks once; the answer begins when the provider has accepted.
    fn ask<'a>(
        &'a self,
        op: &'a Op,
        prompt: &'a Prompt,
    ) -> BoxFuture<'a, Result<Box<dyn Answering>, Failure>>;
}
