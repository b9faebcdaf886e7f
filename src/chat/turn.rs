//! One turn: a question that was let in, answered and stored.
//!
//! There is one path for answers that are sent whole and for those that are sent while they are made; they
//! differ in who reads the outbox.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::json;

use super::admission::SiteRow;
use super::answer::{self, Answer, Citation, Words};
use super::capture::{self, Conversation};
use super::course::{self, Course, Reading};
use super::entry::Given;
use super::guard::LeakGuard;
use super::handoff;
use super::language::{Phrase, phrase};
use super::prompt::{self, Subject};
use super::settings::{Availability, LeadCapture, Settings};
use super::state::HandoffReason;
use super::store::{self, Ending, HistoryRow, MadeBy};
use super::stream::{End, Ended, Event, Outbox};
use crate::app::Op;
use crate::config::LogLevel;
use crate::conversations::feed;
use crate::db::Statement;
use crate::error::Result;
use crate::ids::SessionId;
use crate::knowledge::policies::{AnswerGuard, Policies, Verdict};
use crate::knowledge::retrieval::{self, Passage};
use crate::knowledge::unsettled::Unsettled;
use crate::models::catalogue::{Price, estimate_tokens};
use crate::models::chain::{self, Begun, Candidate};
use crate::models::setting::{self, SiteKeys};
use crate::models::{Answering, Finish, Piece, Prompt, Usage};
use crate::time::Timestamp;

/// Characters of an answer; a provider that goes on is stopped.
const LONGEST_ANSWER: usize = 24_000;
/// How long the first text of an answer is waited for, over all models.
const FIRST_TEXT_WITHIN: Duration = Duration::from_secs(20);
/// An answer of fewer tokens is not worth its prompt.
pub(super) const LEAST_OUTPUT_TOKENS: u32 = 16;

/// A question that was let in, and what is known about it.
pub(super) struct Exchange {
    pub(super) op: Op,
    pub(super) site: SiteRow,
    pub(super) reading: Reading,
    pub(super) turn_id: String,
    pub(super) session_id: SessionId,
    pub(super) opens_session: bool,
    pub(super) visitor_id: Option<String>,
    pub(super) question: String,
    /// What a customer's server adds.
    pub(super) given: Given,
    pub(super) asked_at: Timestamp,
    pub(super) history: Vec<HistoryRow>,
    pub(super) terms: Vec<String>,
    pub(super) passages: Vec<Passage>,
    pub(super) policies: Policies,
    /// Known once a model has begun to answer.
    pub(super) asked: OnceLock<Asked>,
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

/// The model that answers, and what it costs.
#[derive(Debug)]
pub(super) struct Asked {
    provider: &'static str,
    model: String,
    price: Price,
}

impl Exchange {
    /// Finds what the org knows, if it is to be answered from; a turn that cannot is given up.
    pub(super) async fn with_passages(
        mut self,
        unsettled: &Unsettled,
        most: u32,
    ) -> Result<Arc<Self>> {
        if self.reading.course != Course::Answer {
            return Ok(Arc::new(self));
        }
        let question = retrieval::Question::of(&self.question);
        let (org, shown) = (&self.site.org_id, (unsettled, &self.policies));
        match retrieval::passages(&self.op, org, &question, shown, most).await {
            Ok((passages, _triggered)) => {
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
        let (reading, site) = (&self.reading, &self.site);
        match reading.course {
            Course::Answer => self.answer(outbox).await,
            Course::Refuse => fixed(outbox, reading.refusal(site), "blocked"),
            Course::WithPerson(handoff) => {
                let text = handoff::waiting_text(handoff, reading.language).unwrap_or_default();
                fixed(outbox, text.to_owned(), "handed_off")
            }
            Course::HandOver(availability, _) => {
                let line = reading.contact_line(site);
                let language = reading.language;
                let text = handoff::request_text(self.settings(), availability, language, &line);
                let is_there = availability == Availability::There;
                fixed(outbox, text, if is_there { "handed_off" } else { "stop" })
            }
        }
    }

    async fn answer(&self, outbox: &Outbox) -> Draft {
        let is_beyond = self.passages.is_empty() && !self.terms.is_empty();
        if is_beyond && self.settings().answers_only_from_knowledge() {
            return fixed(outbox, self.reading.refusal(&self.site), "stop");
        }
        let clock = &*self.op.app.ports.clock;
        let candidates = self.candidates();
        let prompt = self.prompt(&candidates);
        match outbox.awaiting(clock, self.begin(&candidates, &prompt)).await {
            Some(answering) => self.relay(outbox, &prompt, answering).await,
            None => self.quote(outbox),
        }
    }

    /// What is said to who is handed over to a person.
    fn request_text(&self, availability: Availability) -> String {
        let line = self.reading.contact_line(&self.site);
        handoff::request_text(self.settings(), availability, self.reading.language, &line)
    }

    fn settings(&self) -> Settings<'_> {
        Settings(&self.site.config)
    }

    /// The site's models; none where it has none, or no key for them.
    fn candidates(&self) -> Vec<Candidate> {
        let SiteRow { id, google_api_key, openai_api_key, config, .. } = &self.site;
        let keys = SiteKeys::open(
            &self.op,
            id.as_str(),
            google_api_key.as_deref(),
            openai_api_key.as_deref(),
        );
        setting::candidates(&self.op, config, &keys)
    }

    /// What a model is asked. Its answer may cost what was set aside for the turn, at the price of the dearest.
    fn prompt(&self, candidates: &[Candidate]) -> Prompt {
        let subject = Subject {
            site_name: &self.site.name,
            org_name: self.site.org_name.as_deref(),
            instructions: self.site.system_prompt.as_deref(),
            context: self.given.context.as_deref(),
        };
        let refusal = self.reading.refusal(&self.site);
        let (settings, question) = (self.settings(), &self.question);
        let mut prompt =
            prompt::prompt(&subject, settings, &self.history, question, &self.passages, &refusal);
        self.given.narrow(&mut prompt);
        let budget = u64::try_from(self.site.turn_microusd).unwrap_or_default();
        let tokens = prompt_tokens(&prompt);
        let affordable = candidates.iter().map(|one| one.price.max_output_for(budget, tokens));
        let most = affordable.min().unwrap_or(u32::MAX);
        prompt.max_output_tokens = prompt.max_output_tokens.min(most);
        prompt
    }

    /// Asks the site's models; none where there is none, all are down, or the turn cannot pay for an answer.
    async fn begin(&self, candidates: &[Candidate], prompt: &Prompt) -> Option<Box<dyn Answering>> {
        if candidates.is_empty() {
            return None;
        }
        if prompt.max_output_tokens < LEAST_OUTPUT_TOKENS {
            self.log("turn_too_dear", "what is set aside for a turn does not pay for an answer");
            return None;
        }
        let deadline = self.op.now().plus(FIRST_TEXT_WITHIN);
        match chain::answer(&self.op, candidates, prompt, deadline).await {
            Ok(Begun { provider, model, price, answering, .. }) => {
                let _ = self.asked.set(Asked { provider, model, price });
                Some(answering)
            }
            Err(_logged) => None,
        }
    }

    /// The built-in engine: the words of the org's own knowledge.
    fn quote(&self, outbox: &Outbox) -> Draft {
        let words = Words {
            found: phrase(self.reading.language, Phrase::Found),
            not_known: &self.reading.not_known(&self.site),
        };
        let Answer { text, citations } = answer::compose(&self.terms, &self.passages, &words);
        let judged = self.policies.judge_answer(&text);
        if judged.verdict.withholds() {
            return self.withhold(outbox, judged.verdict, None);
        }
        outbox.say(&judged.text);
        Draft { text: judged.text, citations, finish_reason: "stop", made_by: None }
    }

    /// Ends an answer that a policy withholds: what was shown of it stays, and the rest gives way to a fixed text.
    fn withhold(&self, outbox: &Outbox, verdict: Verdict, made_by: Option<MadeBy>) -> Draft {
        let is_handed_over = verdict == Verdict::HandOff;
        let text = if is_handed_over {
            self.request_text(course::availability(&self.site, self.asked_at))
        } else {
            self.reading.refusal(&self.site)
        };
        let gap = if outbox.text().is_empty() { "" } else { "\n\n" };
        outbox.say(&format!("{gap}{text}"));
        let finish_reason = if is_handed_over { "handed_off" } else { "blocked" };
        Draft { text: outbox.text(), citations: Vec::new(), finish_reason, made_by }
    }

    /// Passes a model's answer on.
    async fn relay(
        &self,
        outbox: &Outbox,
        prompt: &Prompt,
        mut answering: Box<dyn Answering>,
    ) -> Draft {
        let clock = &*self.op.app.ports.clock;
        let instructions = self.site.system_prompt.as_deref().unwrap_or_default();
        let mut leak = LeakGuard::of(instructions);
        let mut guard = AnswerGuard::new(&self.policies);
        let mut characters = 0;
        let mut usage = None;
        let finish_reason = loop {
            match outbox.awaiting(clock, answering.next()).await {
                Some(Ok(Piece::Text(text))) => {
                    if leak.is_shown_by(&text) {
                        break "blocked";
                    }
                    characters += text.chars().count();
                    let released = guard.push(&text);
                    outbox.say(&released.text);
                    if released.verdict.withholds() {
                        break "withheld";
                    }
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
        if finish_reason != "blocked" {
            outbox.say(&guard.finish().text);
        }
        let made_by = self.made_by(prompt, usage, &outbox.text());
        if guard.verdict().withholds() {
            return self.withhold(outbox, guard.verdict(), made_by);
        }
        let text = outbox.text();
        let citations = answer::citations_of(&text, &self.passages);
        Draft { text, citations, finish_reason, made_by }
    }

    /// The model that answered and what it cost; an estimate where it does not tell.
    fn made_by(&self, prompt: &Prompt, usage: Option<Usage>, text: &str) -> Option<MadeBy> {
        let Asked { provider, model, price } = self.asked.get()?;
        let usage = usage.unwrap_or_else(|| Usage {
            prompt_tokens: prompt_tokens(prompt),
            completion_tokens: estimate_tokens(text),
        });
        let cost_microusd = i64::try_from(price.cost(usage)).unwrap_or(i64::MAX);
        Some(MadeBy { provider, model: model.clone(), usage, cost_microusd })
    }

    async fn store(&self, draft: Draft) -> Result<Answered> {
        let now = self.op.now();
        let latency_ms = now.millis_since(self.asked_at);
        // The clock may stand still during a turn; the answer still comes after the question.
        let answered_at = now.max(Timestamp::from_millis(self.asked_at.millis() + 1));
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
            answered_at,
            latency_ms,
            // Greetings and the like ask for nothing.
            is_unanswered: self.reading.course == Course::Answer
                && draft.citations.is_empty()
                && !self.terms.is_empty(),
            extras: self.extras(answered_at, draft.finish_reason)?,
        };
        let is_stored = match self.reading.course {
            Course::WithPerson(_) => store::message_to_person(&self.op, ending).await?,
            _ => store::turn_end(&self.op, ending).await?,
        };
        if !is_stored {
            return Err(super::admission::session_closed());
        }
        feed::run_soon(&self.op);
        let Draft { text, citations, finish_reason, made_by } = draft;
        let usage = made_by.map(|made| made.usage);
        Ok(Answered { text, citations, finish_reason, latency_ms, usage })
    }

    /// What else the turn brings: its language, a wish for a person or an appointment, a lead.
    fn extras(&self, at: Timestamp, finish_reason: &str) -> Result<Vec<Statement>> {
        let Reading { course, language, intent } = &self.reading;
        let site = &self.site;
        let of = Conversation { org: &site.org_id, site: &site.id, session: &self.session_id, at };
        let mut extras = vec![capture::locale_statement(of, *language)];
        // A policy may hand over what was to be answered.
        let wanted = match course {
            Course::HandOver(availability, reason) => Some((*availability, *reason)),
            Course::Answer if finish_reason == "handed_off" => {
                Some((course::availability(&self.site, self.asked_at), HandoffReason::Policy))
            }
            _ => None,
        };
        match wanted {
            Some((Availability::There, reason)) => {
                extras.extend(handoff::request_statements(of, reason)?);
            }
            Some((Availability::Away, _)) => extras.push(handoff::missed_statement(of)),
            Some((Availability::Off, _)) | None => {}
        }
        if *course != Course::Refuse && intent.wants_appointment {
            extras.extend(capture::appointment_statements(of));
        }
        if let Some(LeadCapture { consent_text }) = self.settings().lead_capture() {
            let (own, contacts) = (site.domain.as_deref(), &intent.contacts);
            let question = &self.question;
            extras.extend(capture::found_lead_statements(
                of,
                question,
                contacts,
                own,
                consent_text,
            )?);
        }
        Ok(extras)
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
            let prompt = exchange.prompt(&[]);
            let made_by = exchange.made_by(&prompt, None, &text);
            let draft = Draft { text, citations, finish_reason: "interrupted", made_by };
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

/// About how many tokens a prompt is.
fn prompt_tokens(prompt: &Prompt) -> u32 {
    prompt.tokens()
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
