//! Answers that come as event streams: what all providers have in common.

use std::collections::VecDeque;

use serde_json::Value;

use super::{Answering, Failure, Piece, Prompt, Usage};
use crate::app::BoxFuture;
use crate::http::client::Chunks;
use crate::http::sse::{Event, EventReader};

/// Longest event. A piece of text has some hundred bytes; a first one of Azure some thousand.
const LONGEST_EVENT: usize = 256 * 1024;

/// How a provider speaks.
pub(super) trait Dialect: Send {
    /// Reads an event into pieces. After the last piece of an answer nothing more is read.
    fn read(&mut self, event: &Event, pieces: &mut VecDeque<Piece>) -> Result<(), Failure>;

    /// What it means that the stream ends here. `stray` is what it held besides events; an event that it did not finish
    /// is dropped.
    fn end(&mut self, stray: &str) -> Result<Piece, Failure>;
}

/// An answer whose events are read as they come.
pub(super) fn answer(
    chunks: Box<dyn Chunks>,
    prompt: &Prompt,
    dialect: impl Dialect + 'static,
) -> Box<dyn Answering> {
    let (chunks, reader) = (Some(chunks), EventReader::new(LONGEST_EVENT));
    let most = most_usage(prompt);
    let pieces = VecDeque::new();
    Box::new(EventAnswer { chunks, reader, dialect, pieces, failure: None, most })
}

/// More than any count of tokens makes of a prompt and its answer. Customers' own servers may tell what they like, and
/// the platform's figures add it up.
fn most_usage(prompt: &Prompt) -> Usage {
    let most = |tokens: u32| tokens.saturating_mul(4).saturating_add(1_000);
    Usage {
        prompt_tokens: most(prompt.tokens()),
        completion_tokens: most(prompt.max_output_tokens.saturating_add(prompt.thinking_tokens)),
    }
}

/// An answer that is over before it began, such as one to a question that the provider's rules do not let through.
pub(super) fn over(piece: Piece) -> Box<dyn Answering> {
    Box::new(Over(Some(piece)))
}

struct EventAnswer<D> {
    /// Dropped with the last piece, which ends the request.
    chunks: Option<Box<dyn Chunks>>,
    reader: EventReader,
    dialect: D,
    pieces: VecDeque<Piece>,
    /// Told when the pieces before it are read.
    failure: Option<Failure>,
    /// Usage beyond it is not believed.
    most: Usage,
}

impl<D: Dialect> EventAnswer<D> {
    fn is_believed(&self, usage: Usage) -> bool {
        usage.prompt_tokens <= self.most.prompt_tokens
            && usage.completion_tokens <= self.most.completion_tokens
    }

    async fn piece(&mut self) -> Option<Result<Piece, Failure>> {
        self.chunks.as_ref()?;
        let piece = match self.next_piece().await {
            Ok(Piece::End(finish, usage)) => {
                Ok(Piece::End(finish, usage.filter(|usage| self.is_believed(*usage))))
            }
            piece => piece,
        };
        if !matches!(piece, Ok(Piece::Text(_))) {
            self.chunks = None;
        }
        Some(piece)
    }

    async fn next_piece(&mut self) -> Result<Piece, Failure> {
        loop {
            if let Some(piece) = self.pieces.pop_front() {
                return Ok(piece);
            }
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            match self.reader.next_event() {
                Some(Ok(event)) => self.failure = self.dialect.read(&event, &mut self.pieces).err(),
                Some(Err(too_long)) => return Err(Failure::passing(too_long.to_string())),
                None => {
                    let chunk = match &mut self.chunks {
                        Some(chunks) => chunks.next().await,
                        None => None,
                    };
                    match chunk {
                        Some(Ok(bytes)) => self.reader.push(&bytes),
                        Some(Err(failure)) => return Err(Failure::passing(failure.to_string())),
                        None => return self.dialect.end(&self.reader.stray()),
                    }
                }
            }
        }
    }
}

impl<D: Dialect> Answering for EventAnswer<D> {
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Piece, Failure>>> {
        Box::pin(self.piece())
    }
}

struct Over(Option<Piece>);

impl Answering for Over {
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Piece, Failure>>> {
        Box::pin(std::future::ready(self.0.take().map(Ok)))
    }
}

/// The JSON of an event.
pub(super) fn document(event: &Event) -> Result<Value, Failure> {
    serde_json::from_str(&event.data).map_err(|_| Failure::passing("an event is no JSON"))
}

/// A count of tokens.
pub(super) fn tokens(usage: &Value, name: &str) -> Option<u32> {
    usage.get(name)?.as_u64()?.try_into().ok()
}

/// Usage, if it is told: a question of no tokens is none.
pub(super) fn told(usage: Usage) -> Option<Usage> {
    Some(usage).filter(|usage| usage.prompt_tokens > 0)
}
