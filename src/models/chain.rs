//! Which of a site's models answers: the first that begins to.
//!
//! An answer has begun with its first text. Until then a failure that passes is tried again, and after that, or at once
//! if asking again does not help, the next model is asked; the visitor sees nothing of it. From then on there is no way
//! back: what breaks off is [`FailureKind::Cut`].
//!
//! Models share the time that is left equally, so that the first one's silence leaves some for the others. They share
//! what a turn may cost as well: each attempt is noted on its bill, and leaves less for the next.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::bill::Bill;
use super::catalogue::Price;
use super::circuit::CircuitKey;
use super::{Answering, Failure, FailureKind, Finish, Model, Piece, Prompt, Usage};
use crate::app::{BoxFuture, Op};
use crate::backoff::jittered;
use crate::config::LogLevel;
use crate::time::{Patience, Timestamp, within};

/// Attempts at one model before the next is asked.
const MOST_ATTEMPTS: u32 = 2;
/// Attempts at the last model.
const MOST_LAST_ATTEMPTS: u32 = 3;
/// Least time in which an answer can begin.
const LEAST_TIME: Duration = Duration::from_millis(300);
/// The pause before the second attempt; each further one is twice as long. Some of it is left to chance, so that
/// visitors who failed together do not come back together.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// A pause that a provider asks for is waited out while another model could answer only if it is this short.
const SHORT_PAUSE: Duration = Duration::from_secs(1);
/// Silence within an answer after which it is cut.
const SILENCE: Duration = Duration::from_secs(20);
/// Longest time that an answer may take.
const LONGEST_ANSWER: Duration = Duration::from_mins(3);
/// Longest answer, in characters; what is more is left out, and its provider told to stop.
const MOST_CHARACTERS: usize = 24_000;
/// An answer of fewer tokens is not worth its prompt.
pub const LEAST_OUTPUT_TOKENS: u32 = 16;

/// A model that a site may ask.
pub struct Candidate {
    /// How it is asked.
    pub model: Box<dyn Model>,
    /// What it costs.
    pub price: Price,
    /// Whether the site's own key or server is used, so that the provider bills the customer.
    pub is_own: bool,
    /// What is left alone while it fails.
    pub circuit: CircuitKey,
}

/// An answer that has begun.
pub struct Begun {
    /// `gemini`, `openai`, `workers-ai`.
    pub provider: &'static str,
    /// The model's name at the provider.
    pub model: String,
    /// What it costs.
    pub price: Price,
    /// Whether the provider bills the customer.
    pub is_own: bool,
    /// All of the answer, its first piece included. Dropped, it tells the provider to stop.
    pub answering: Box<dyn Answering>,
}

/// No model answered: each one's last failure, in their order. All of it is in the log.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Failures(pub Vec<Failure>);

/// Asks the models in their order until one begins to answer; `deadline` is when it must have begun. What is asked is
/// noted on the bill, and what the bill does not pay for is not asked.
pub async fn answer(
    op: &Op,
    candidates: &[Candidate],
    prompt: &Prompt,
    deadline: Timestamp,
    bill: &Arc<Bill>,
) -> Result<Begun, Failures> {
    let prompt_tokens = prompt.tokens();
    let mut failures = Failures::default();
    for (at, candidate) in candidates.iter().enumerate() {
        let (until, is_last) =
            (share(op, deadline, candidates.len() - at), at + 1 == candidates.len());
        let asking = Asking { op, candidate, prompt, prompt_tokens, until, is_last, bill };
        match asking.begin().await {
            Ok(begun) => return Ok(begun),
            Err(failure) => failures.0.push(failure),
        }
    }
    Err(failures)
}

/// Until when one of so many models may be waited for.
fn share(op: &Op, deadline: Timestamp, candidates_left: usize) -> Timestamp {
    let now = op.now();
    let left = deadline.millis_since(now);
    let share = left / i64::try_from(candidates_left).unwrap_or(1).max(1);
    now.plus(Duration::from_millis(share.unsigned_abs()))
}

/// One model and the time it has.
struct Asking<'a> {
    op: &'a Op,
    candidate: &'a Candidate,
    prompt: &'a Prompt,
    prompt_tokens: u32,
    until: Timestamp,
    is_last: bool,
    bill: &'a Arc<Bill>,
}

impl Asking<'_> {
    async fn begin(&self) -> Result<Begun, Failure> {
        let (circuits, circuit) = (&self.op.app.circuits, self.candidate.circuit);
        let mut attempt = 1;
        loop {
            let started = self.op.now();
            if self.left(started) < LEAST_TIME {
                return Err(self.skip("no time is left for it"));
            }
            let Some(prompt) = self.affordable() else {
                return Err(self.skip("what is set aside for the turn does not pay for an answer"));
            };
            if !circuits.admits(circuit, started) {
                return Err(self.skip("it failed too often of late"));
            }
            let failure = match self.attempt(&prompt, started).await {
                Ok(answering) => {
                    circuits.began(circuit, self.op.now());
                    return Ok(self.begun(answering));
                }
                Err(failure) => failure,
            };
            let now = self.op.now();
            match failure.kind {
                FailureKind::Passing => circuits.failed(circuit, now, failure.retry_after),
                FailureKind::Refused | FailureKind::Cut => circuits.succeeded(circuit),
            }
            self.log(outcome(failure.kind), now.millis_since(started), &failure.reason);
            let Some(pause) = self.pause(&failure, attempt, now) else { return Err(failure) };
            self.op.app.ports.clock.sleep(pause).await;
            attempt += 1;
        }
    }

    fn left(&self, now: Timestamp) -> Duration {
        Duration::from_millis(self.until.millis_since(now).unsigned_abs())
    }

    /// The prompt with as many tokens to answer as the bill can still pay for.
    fn affordable(&self) -> Option<Cow<'_, Prompt>> {
        let prompt = self.prompt;
        let most = self.bill.affordable(self.candidate.price, self.prompt_tokens);
        if most < LEAST_OUTPUT_TOKENS {
            return None;
        }
        if most >= prompt.max_output_tokens.saturating_add(prompt.thinking_tokens) {
            return Some(Cow::Borrowed(prompt));
        }
        let max_output_tokens = prompt.max_output_tokens.min(most);
        let thinking_tokens = most - max_output_tokens;
        Some(Cow::Owned(Prompt { max_output_tokens, thinking_tokens, ..prompt.clone() }))
    }

    /// Asks once and waits for the first text, within the time that is left.
    async fn attempt(&self, prompt: &Prompt, started: Timestamp) -> Result<Watched, Failure> {
        let clock = &*self.op.app.ports.clock;
        let limit = self.left(started);
        self.bill.asking(self.candidate.price, self.prompt_tokens);
        within(clock, limit, self.first(prompt, started)).await.unwrap_or_else(|| {
            Err(Failure::passing(format!("no text within {} ms", limit.as_millis())))
        })
    }

    async fn first(&self, prompt: &Prompt, started: Timestamp) -> Result<Watched, Failure> {
        let model = &*self.candidate.model;
        let asked = model.ask(self.op, prompt).await;
        let mut answering = asked.inspect_err(|_| self.bill.refused())?;
        loop {
            let piece = answering.next().await;
            match piece.unwrap_or_else(|| Err(Failure::passing("the answer has no end")))? {
                Piece::Text(text) if text.is_empty() => (),
                // What the provider does not let through, another one need not be asked.
                Piece::End(finish, usage) if finish != Finish::Blocked => {
                    self.bill.ended(usage);
                    return Err(Failure::refused("the answer ended without a text"));
                }
                first => return Ok(Watched::new(self, answering, first, started)),
            }
        }
    }

    /// How long to wait before the next attempt; nothing if there is none.
    fn pause(&self, failure: &Failure, attempt: u32, now: Timestamp) -> Option<Duration> {
        let most = if self.is_last { MOST_LAST_ATTEMPTS } else { MOST_ATTEMPTS };
        if failure.kind != FailureKind::Passing || attempt >= most {
            return None;
        }
        let asked = failure.retry_after.unwrap_or_default();
        if asked > SHORT_PAUSE && !self.is_last {
            return None;
        }
        let half = FIRST_PAUSE * 2_u32.pow(attempt - 1) / 2;
        let pause = asked.max(jittered(half, half));
        (pause + LEAST_TIME <= self.left(now)).then_some(pause)
    }

    fn begun(&self, answering: Watched) -> Begun {
        Begun {
            provider: answering.provider,
            model: answering.model.clone(),
            price: self.candidate.price,
            is_own: self.candidate.is_own,
            answering: Box::new(answering),
        }
    }

    fn skip(&self, reason: &'static str) -> Failure {
        self.log("skipped", 0, reason);
        Failure::passing(reason)
    }

    fn log(&self, outcome: &'static str, millis: i64, reason: &str) {
        let model = &self.candidate.model;
        let fields = [
            ("provider", json!(model.provider())),
            ("model", json!(model.name())),
            ("outcome", json!(outcome)),
            ("ms", json!(millis)),
            ("reason", json!(reason)),
        ];
        let Op { app, request, .. } = self.op;
        app.log.event(LogLevel::Warn, ATTEMPT, self.op.now(), request, &fields);
    }
}

/// The event of the log: one line for each attempt, when it is over.
const ATTEMPT: &str = "model_attempt";

fn outcome(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Passing => "failed",
        FailureKind::Refused => "refused",
        FailureKind::Cut => "cut",
    }
}

fn cut(reason: impl Into<String>) -> Failure {
    Failure { kind: FailureKind::Cut, reason: reason.into(), retry_after: None }
}

/// An answer that has begun: bounded in time and length, and told to the log when it is over.
struct Watched {
    op: Op,
    bill: Arc<Bill>,
    provider: &'static str,
    model: String,
    circuit: CircuitKey,
    started: Timestamp,
    began_ms: i64,
    /// Given before anything else.
    first: Option<Piece>,
    /// Dropped with the last piece, which tells the provider to stop.
    answering: Option<Box<dyn Answering>>,
    patience: Patience,
    characters: usize,
}

impl Watched {
    fn new(
        asking: &Asking<'_>,
        answering: Box<dyn Answering>,
        first: Piece,
        started: Timestamp,
    ) -> Self {
        let model = &asking.candidate.model;
        Self {
            op: asking.op.clone(),
            bill: Arc::clone(asking.bill),
            provider: model.provider(),
            model: model.name().to_owned(),
            circuit: asking.candidate.circuit,
            started,
            began_ms: asking.op.now().millis_since(started),
            first: Some(first),
            answering: Some(answering),
            patience: Patience::default(),
            characters: 0,
        }
    }

    async fn piece(&mut self) -> Option<Result<Piece, Failure>> {
        if self.characters >= MOST_CHARACTERS && self.answering.is_some() {
            return Some(Ok(self.end(Finish::Length, None)));
        }
        let piece = match self.first.take() {
            Some(first) => Ok(first),
            None => self.next_piece().await?,
        };
        Some(match piece {
            Ok(Piece::Text(text)) => Ok(Piece::Text(self.bounded(text))),
            Ok(Piece::End(finish, usage)) => Ok(self.end(finish, usage)),
            Err(failure) => Err(self.cut(failure)),
        })
    }

    /// The next piece of the provider; nothing after the last one.
    async fn next_piece(&mut self) -> Option<Result<Piece, Failure>> {
        let answering = self.answering.as_mut()?;
        let clock = &*self.op.app.ports.clock;
        let elapsed = Duration::from_millis(clock.now().millis_since(self.started).unsigned_abs());
        let limit = LONGEST_ANSWER.saturating_sub(elapsed).min(SILENCE);
        if limit.is_zero() {
            return Some(Err(Failure::passing("the answer takes too long")));
        }
        let piece = self.patience.within(clock, limit, answering.next()).await;
        let silent = || Some(Err(Failure::passing(format!("silent for {} ms", limit.as_millis()))));
        let piece = piece.unwrap_or_else(silent);
        Some(piece.unwrap_or_else(|| Err(Failure::passing("the answer has no end"))))
    }

    fn bounded(&mut self, mut text: String) -> String {
        let left = MOST_CHARACTERS - self.characters;
        if let Some((at, _)) = text.char_indices().nth(left) {
            text.truncate(at);
        }
        self.characters += text.chars().count();
        self.bill.received(&text);
        text
    }

    fn end(&mut self, finish: Finish, usage: Option<Usage>) -> Piece {
        let outcome = match finish {
            Finish::Stop => "stop",
            Finish::Length => "length",
            Finish::Blocked => "blocked",
        };
        self.bill.ended(usage);
        self.op.app.circuits.succeeded(self.circuit);
        self.close(LogLevel::Info, outcome, usage, None);
        Piece::End(finish, usage)
    }

    fn cut(&mut self, failure: Failure) -> Failure {
        if failure.kind == FailureKind::Passing {
            self.op.app.circuits.failed(self.circuit, self.op.now(), failure.retry_after);
        }
        self.close(LogLevel::Warn, "cut", None, Some(&failure.reason));
        cut(failure.reason)
    }

    fn close(
        &mut self,
        level: LogLevel,
        outcome: &str,
        usage: Option<Usage>,
        reason: Option<&str>,
    ) {
        if self.answering.take().is_none() {
            return;
        }
        let now = self.op.now();
        let mut fields = vec![
            ("provider", json!(self.provider)),
            ("model", json!(self.model)),
            ("outcome", json!(outcome)),
            ("ms", json!(now.millis_since(self.started))),
            ("firstTextMs", json!(self.began_ms)),
            ("characters", json!(self.characters)),
        ];
        if let Some(Usage { prompt_tokens, completion_tokens }) = usage {
            fields.push(("promptTokens", json!(prompt_tokens)));
            fields.push(("completionTokens", json!(completion_tokens)));
        }
        if let Some(reason) = reason {
            fields.push(("reason", json!(reason)));
        }
        self.op.app.log.event(level, ATTEMPT, now, &self.op.request, &fields);
    }
}

impl Answering for Watched {
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Piece, Failure>>> {
        Box::pin(self.piece())
    }
}

/// The visitor left, or whoever asked has enough.
impl Drop for Watched {
    fn drop(&mut self) {
        self.close(LogLevel::Info, "dropped", None, None);
    }
}
