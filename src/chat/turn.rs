//! One turn: a question that was let in, answered and stored.
//!
//! There is one path for answers that are sent whole and for those that are sent while they are made; they
//! differ in who reads the outbox.

use std::sync::Arc;

use serde_json::json;

use super::admission::SiteRow;
use super::answer::{self, Citation};
use super::guard::{LeakGuard, asks_to_break_rules};
use super::prompt::{self, Subject};
use super::settings::Settings;
use super::store::{self, Ending, HistoryRow, MadeBy};
use super::stream::{End, Ended, Event, Outbox};
use crate::app::Op;
use crate::config::LogLevel;
use crate::conversations::feed;
use crate::error::Result;
use crate::ids::SessionId;
use crate::knowledge::retrieval::{self, Passage};
use crate::models::{Answering, Finish, Piece, Prompt, Usage};
use crate::time::Timestamp;

/// Characters of an answer; a provider that goes on is stopped.
const LONGEST_ANSWER: usize = 24_000;

/// A question that was let in, and what is known about it.
pub(super) struct Exchange {
    pub(super) op: Op,
    pub(super) site: SiteRow,
    pub(super) settings: Settings,
    pub(super) turn_id: String,
    pub(super) session_id: SessionId,
    pub(super) opens_session: bool,
    pub(super) visitor_id: Option<String>,
    pub(super) question: String,
    /// Context of a customer's server.
    pub(super) context: Option<String>,
    pub(super) asked_at: Timestamp,
    pub(super) history: Vec<HistoryRow>,
    pub(super) terms: Vec<String>,
    pub(super) passages: Vec<Passage>,
}

/// An answer that was made and stored.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) text: String,
    pub(super) citations: Vec<Citation>,
    pub(super) finish_reason: &'static str,
    pub(super) latency_ms: i64,
    pub(super) usage: Option<Usage>,
}

/// An answer before it is stored.
struct Draft {
    text: String,
    citations: Vec<Citation>,
    finish_reason: &'static str,
    made_by: Option<MadeBy>,
}

/// A model's answer that has begun.
struct Begun {
    provider: &'static str,
    model: String,
    answering: Box<dyn Answering>,
}

impl Exchange {
    /// Finds what the org knows; a turn that cannot is given up.
    pub(super) async fn with_passages(mut self, most: u32) -> Result<Arc<Self>> {
        let found = retrieval::passages(&self.op, &self.site.org_id, &self.terms, most).await;
        match found {
            Ok(passages) => {
                self.passages = passages;
                Ok(Arc::new(self))
            }
            Err(error) => {
                Arc::new(self).give_up();
                Err(error)
            }
        }
    }

    /// Answers and stores.
    pub(super) async fn run(&self, outbox: &Outbox) -> Result<Answered> {
        let draft = self.compose(outbox).await;
        self.store(draft).await
    }

    async fn compose(&self, outbox: &Outbox) -> Draft {
        if asks_to_break_rules(&self.question) {
            return fixed(outbox, self.refusal(), "blocked");
        }
        let clock = &*self.op.app.ports.clock;
        let prompt = self.prompt();
        match outbox.awaiting(clock, self.begin(&prompt)).await {
            Some(begun) => self.relay(outbox, &prompt, begun).await,
            None => self.quote(outbox),
        }
    }

    /// What is said instead of an answer.
    fn refusal(&self) -> String {
        let line = &self.settings.contact_line;
        self.settings.refusal.clone().unwrap_or_else(|| {
            format!("I don't know the answer to that from the information I have. {line}")
        })
    }

    fn prompt(&self) -> Prompt {
        let subject = Subject {
            site_name: &self.site.name,
            org_name: self.site.org_name.as_deref(),
            instructions: self.site.system_prompt.as_deref(),
            context: self.context.as_deref(),
        };
        let refusal = self.refusal();
        let (settings, question) = (&self.settings, &self.question);
        prompt::prompt(&subject, settings, &self.history, question, &self.passages, &refusal)
    }

    /// Asks the site's models; none when none is set, or all are down.
    async fn begin(&self, _prompt: &Prompt) -> Option<Begun> {
        None
    }

    /// The built-in engine: the words of the org's own knowledge.
    fn quote(&self, outbox: &Outbox) -> Draft {
        let line = &self.settings.contact_line;
        let answer = answer::compose(&self.terms, self.passages.clone(), line);
        outbox.say(&answer.text);
        Draft {
            text: answer.text,
            citations: answer.citations,
            finish_reason: "stop",
            made_by: None,
        }
    }

    /// Passes a model's answer on.
    async fn relay(&self, outbox: &Outbox, prompt: &Prompt, mut begun: Begun) -> Draft {
        let clock = &*self.op.app.ports.clock;
        let instructions = self.site.system_prompt.as_deref().unwrap_or_default();
        let mut leak = LeakGuard::of(instructions);
        let mut characters = 0;
        let mut usage = None;
        let finish_reason = loop {
            match outbox.awaiting(clock, begun.answering.next()).await {
                Some(Ok(Piece::Text(text))) => {
                    if leak.is_shown_by(&text) {
                        break "blocked";
                    }
                    characters += text.chars().count();
                    outbox.say(&text);
                    if characters > LONGEST_ANSWER {
                        break "length";
                    }
                }
                Some(Ok(Piece::End(finish, told))) => {
                    usage = told;
                    break match finish {
                        Finish::Stop => "stop",
                        Finish::Length => "length",
                        Finish::Blocked => "blocked",
                    };
                }
                Some(Err(failure)) => {
                    self.log("model_cut", &failure.reason);
                    break "cut";
                }
                None => break "cut",
            }
        };
        let text = outbox.text();
        let citations = answer::citations_of(&text, &self.passages);
        let made_by = made_by(prompt, &begun, usage, &text);
        Draft { text, citations, finish_reason, made_by: Some(made_by) }
    }

    async fn store(&self, draft: Draft) -> Result<Answered> {
        let now = self.op.now();
        let latency_ms = now.millis_since(self.asked_at);
        let ending = Ending {
            site: &self.site,
            turn_id: &self.turn_id,
            session_id: &self.session_id,
            opens_session: self.opens_session,
            visitor_id: self.visitor_id.as_deref(),
            question: &self.question,
            asked_at: self.asked_at,
            answer: &draft.text,
            citations: &draft.citations,
            finish_reason: draft.finish_reason,
            status: if is_partial(draft.finish_reason) { "partial" } else { "answered" },
            made_by: draft.made_by.as_ref(),
            // The clock may stand still during a turn; the answer still comes after the question.
            answered_at: now.max(Timestamp::from_millis(self.asked_at.millis() + 1)),
            latency_ms,
            // Greetings and the like ask for nothing.
            is_unanswered: draft.citations.is_empty() && !self.terms.is_empty(),
        };
        if !store::turn_end(&self.op, &ending).await? {
            return Err(super::admission::session_closed());
        }
        feed::run_soon(&self.op);
        let Draft { text, citations, finish_reason, made_by } = draft;
        let usage = made_by.map(|made| made.usage);
        Ok(Answered { text, citations, finish_reason, latency_ms, usage })
    }

    /// Ends a turn whose answer failed, so that it does not count. Runs beside the answer.
    pub(super) fn give_up(self: &Arc<Self>) {
        let exchange = Arc::clone(self);
        self.op.background.spawn(Box::pin(async move {
            let Self { op, site, turn_id, asked_at, .. } = &*exchange;
            if let Err(error) = store::turn_fail(op, site, turn_id, *asked_at, 0).await {
                exchange.log("turn_not_ended", &error.private_context());
            }
        }));
    }

    /// Stores what there is of the answer when its visitor goes.
    pub(super) fn keep_what_is_left(self: &Arc<Self>, outbox: &Arc<Outbox>) {
        let (exchange, outbox) = (Arc::clone(self), Arc::clone(outbox));
        self.op.background.spawn(Box::pin(async move {
            if outbox.ended().await == End::Whole {
                return;
            }
            let text = outbox.text();
            if text.is_empty() {
                return exchange.give_up();
            }
            let citations = answer::citations_of(&text, &exchange.passages);
            let prompt = exchange.prompt();
            let usage = estimated(&prompt, &text);
            let made_by =
                MadeBy { provider: "unknown", model: String::new(), usage, cost_microusd: 0 };
            let draft =
                Draft { text, citations, finish_reason: "interrupted", made_by: Some(made_by) };
            if let Err(error) = exchange.store(draft).await
                && error.code() != "session_closed"
            {
                exchange.log("turn_not_ended", &error.private_context());
            }
        }));
    }

    fn log(&self, event: &'static str, reason: &str) {
        let fields = [("reason", json!(reason))];
        self.op.app.log.event(LogLevel::Warn, event, self.op.now(), &self.op.request, &fields);
    }
}

/// An answer that no model makes.
fn fixed(outbox: &Outbox, text: String, finish_reason: &'static str) -> Draft {
    outbox.say(&text);
    Draft { text, citations: Vec::new(), finish_reason, made_by: None }
}

fn made_by(prompt: &Prompt, begun: &Begun, usage: Option<Usage>, text: &str) -> MadeBy {
    let usage = usage.unwrap_or_else(|| estimated(prompt, text));
    MadeBy { provider: begun.provider, model: begun.model.clone(), usage, cost_microusd: 0 }
}

/// What a provider that does not tell has probably counted.
fn estimated(prompt: &Prompt, text: &str) -> Usage {
    let tokens = |characters: usize| u32::try_from(characters.div_ceil(4)).unwrap_or(u32::MAX);
    let said: usize = prompt.said.iter().map(|said| said.text.chars().count()).sum();
    Usage {
        prompt_tokens: tokens(prompt.system.chars().count() + said),
        completion_tokens: tokens(text.chars().count()),
    }
}

/// Sends a turn's events.
pub(super) async fn send(exchange: Arc<Exchange>, outbox: Arc<Outbox>) {
    let (session, turn) = (&exchange.session_id, &exchange.turn_id);
    outbox.report(&Event::Start { session, turn });
    match exchange.run(&outbox).await {
        Ok(answered) => {
            let Answered { citations, finish_reason, latency_ms, usage, .. } = answered;
            outbox.report(&Event::End(&Ended {
                session,
                turn,
                citations: &json!(citations),
                finish_reason,
                is_partial: is_partial(finish_reason),
                latency_ms,
                usage,
            }));
        }
        Err(error) => {
            exchange.log("turn_failed", &error.private_context());
            exchange.give_up();
            let request_id = &exchange.op.request.id;
            outbox.report(&Event::Failure { error: &error, request_id });
        }
    }
}

/// Whether an answer that ended so is a part of one.
pub(super) fn is_partial(finish_reason: &str) -> bool {
    matches!(finish_reason, "cut" | "interrupted")
}
