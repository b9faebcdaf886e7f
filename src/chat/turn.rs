//! One turn: a question that was let in, answered and stored.
//!
//! There is one path for answers that are sent whole and for those that are sent while they are made; they
//! differ in who reads the outbox.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use serde_json::{Value, json};

use super::admission::SiteRow;
use super::answer::{self, Answer, Citation, Words};
use super::capture::{self, Conversation};
use super::course::{self, Course, Reading};
use super::entry::Given;
use super::guard::LeakGuard;
use super::handoff;
use super::language::{Phrase, phrase};
use super::prompt::{self, Subject};
use super::settings::{Availability, Settings};
use super::state::HandoffReason;
use super::store::{self, Ending, HistoryRow, Kept, MadeBy, Now};
use super::stream::{End, Ended, Event, Outbox};
use crate::app::{BoxFuture, Op};
use crate::config::LogLevel;
use crate::conversations::feed;
use crate::db::Statement;
use crate::error::Result;
use crate::ids::SessionId;
use crate::knowledge::policies::{AnswerGuard, Enforcement, Policies, TriggeredPolicy, Verdict};
use crate::knowledge::retrieval::{self, Found, Passage};
use crate::knowledge::unsettled::Unsettled;
use crate::models::bill::{Bill, Due};
use crate::models::chain::{self, Begun, Candidate};
use crate::models::setting::{self, SiteKeys};
use crate::models::{Answering, Finish, Piece, Prompt, Usage};
use crate::time::Timestamp;

/// How long the first text of an answer is waited for, over all models.
const FIRST_TEXT_WITHIN: Duration = Duration::from_secs(20);

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
    /// What models were asked for it.
    pub(super) bill: Arc<Bill>,
    /// The provider and its model that answer, known once they have begun to.
    pub(super) model: OnceLock<(&'static str, String)>,
    /// Rules that found something, until they are told to the log.
    pub(super) triggered: Mutex<Vec<TriggeredPolicy>>,
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
}

impl Exchange {
    /// Finds what the org knows, if it is to be answered from; a turn that cannot is given up.
    pub(super) async fn with_passages(
        mut self,
        unsettled: &Unsettled,
        most: u32,
        found: Option<Found>,
    ) -> Result<Arc<Self>> {
        if self.reading.course != Course::Answer {
            return Ok(Arc::new(self));
        }
        let found = if let Some(found) = found {
            Ok(found)
        } else {
            let question = retrieval::Question::of(&self.question);
            retrieval::find(&self.op, &self.site.org_id, &question).await
        };
        match found {
            Ok(found) => {
                let (passages, triggered) = found.shown((unsettled, &self.policies), most);
                self.passages = passages;
                if triggered.iter().any(|rule| rule.enforcement == Enforcement::Handoff) {
                    let availability = course::availability(&self.site, self.asked_at);
                    self.reading.course = Course::HandOver(availability, HandoffReason::Policy);
                }
                self.note(&triggered);
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
        self.keep(draft, outbox).await
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
        match outbox.awaiting(clock, self.begin()).await {
            Some(answering) => self.relay(outbox, answering).await,
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
        let SiteRow { id, google_api_key, openai_api_key, config, plan_models, .. } = &self.site;
        let keys = SiteKeys::open(
            &self.op,
            id.as_str(),
            google_api_key.as_deref(),
            openai_api_key.as_deref(),
        );
        setting::candidates(&self.op, config, &keys, plan_models.as_deref())
    }

    /// What a model is asked.
    fn prompt(&self) -> Prompt {
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
        prompt
    }

    /// Asks the site's models; none where there is none, all are down, or the turn cannot pay for an answer.
    async fn begin(&self) -> Option<Box<dyn Answering>> {
        let candidates = self.candidates();
        if candidates.is_empty() {
            return None;
        }
        let deadline = self.op.now().plus(FIRST_TEXT_WITHIN);
        let prompt = self.prompt();
        let begun = chain::answer(&self.op, &candidates, &prompt, deadline, &self.bill).await;
        // What failed is in the log.
        let Begun { provider, model, answering, .. } = begun.ok()?;
        let _ = self.model.set((provider, model));
        Some(answering)
    }

    /// The built-in engine: the words of the org's own knowledge.
    fn quote(&self, outbox: &Outbox) -> Draft {
        let words = Words {
            found: phrase(self.reading.language, Phrase::Found),
            not_known: &self.reading.not_known(&self.site),
        };
        let Answer { text, citations } = answer::compose(&self.terms, &self.passages, &words);
        let judged = self.policies.judge_answer(&text);
        self.note(&judged.triggered);
        if judged.verdict.withholds() {
            return self.withhold(outbox, judged.verdict);
        }
        outbox.say(&judged.text);
        Draft { text: judged.text, citations, finish_reason: "stop" }
    }

    /// Ends an answer that may not be shown: what was shown of it stays, and the rest gives way to a fixed text.
    fn withhold(&self, outbox: &Outbox, verdict: Verdict) -> Draft {
        let is_handed_over = verdict == Verdict::HandOff;
        let text = if is_handed_over {
            self.request_text(course::availability(&self.site, self.asked_at))
        } else {
            self.reading.refusal(&self.site)
        };
        let gap = if outbox.text().is_empty() { "" } else { "\n\n" };
        outbox.say(&format!("{gap}{text}"));
        let finish_reason = if is_handed_over { "handed_off" } else { "blocked" };
        Draft { text: outbox.text(), citations: Vec::new(), finish_reason }
    }

    /// Passes a model's answer on.
    async fn relay(&self, outbox: &Outbox, mut answering: Box<dyn Answering>) -> Draft {
        let clock = &*self.op.app.ports.clock;
        let instructions = self.site.system_prompt.as_deref().unwrap_or_default();
        let mut leak = LeakGuard::of(instructions);
        let mut guard = AnswerGuard::new(&self.policies);
        let ended = loop {
            match outbox.awaiting(clock, answering.next()).await {
                Some(Ok(Piece::Text(text))) => {
                    if leak.is_shown_by(&text) {
                        self.log("instructions_withheld", "the answer shows the instructions");
                        break Err(Verdict::Blocked);
                    }
                    let released = guard.push(&text);
                    self.note(guard.triggered());
                    outbox.say(&released.text);
                    if released.verdict.withholds() {
                        break Err(released.verdict);
                    }
                }
                Some(Ok(Piece::End(Finish::Stop, _))) => break Ok("stop"),
                Some(Ok(Piece::End(Finish::Length, _))) => break Ok("length"),
                Some(Ok(Piece::End(Finish::Blocked, _))) => break Err(Verdict::Blocked),
                Some(Err(failure)) => {
                    self.log("model_cut", &failure.reason);
                    break Ok("cut");
                }
                None => break Ok("cut"),
            }
        };
        // The provider need not go on with what is not shown.
        drop(answering);
        let ended = ended.and_then(|finish_reason| {
            let released = guard.finish();
            self.note(guard.triggered());
            outbox.say(&released.text);
            if released.verdict.withholds() { Err(released.verdict) } else { Ok(finish_reason) }
        });
        match ended {
            Ok(finish_reason) => {
                let text = outbox.text();
                let citations = answer::citations_of(&text, &self.passages);
                Draft { text, citations, finish_reason }
            }
            Err(verdict) => self.withhold(outbox, verdict),
        }
    }

    /// What was asked of models, and which of them answers; nothing where nobody asks to be paid.
    fn made_by(&self) -> Option<MadeBy> {
        let (model, Due { usage, microusd }) = (self.model.get(), self.bill.due());
        if model.is_none() && usage == Usage::default() {
            return None;
        }
        let cost_microusd = i64::try_from(microusd).unwrap_or(i64::MAX);
        Some(MadeBy { model: model.cloned(), usage, cost_microusd })
    }

    /// Remembers rules that found something.
    fn note(&self, triggered: &[TriggeredPolicy]) {
        if triggered.is_empty() {
            return;
        }
        let mut noted = self.triggered.lock().unwrap_or_else(PoisonError::into_inner);
        for rule in triggered {
            if !noted.contains(rule) {
                noted.push(rule.clone());
            }
        }
    }

    /// One line of the log with all rules that found something.
    fn report_triggered(&self) {
        let noted =
            std::mem::take(&mut *self.triggered.lock().unwrap_or_else(PoisonError::into_inner));
        if noted.is_empty() {
            return;
        }
        let rules: Vec<Value> = noted
            .iter()
            .map(|rule| {
                json!({"policy": rule.policy_id, "rule": rule.rule_id, "enforcement": rule.enforcement})
            })
            .collect();
        let Op { app, request, .. } = &self.op;
        let fields = [("turn", json!(self.turn_id)), ("rules", json!(rules))];
        app.log.event(LogLevel::Info, "policies_triggered", self.op.now(), request, &fields);
    }

    /// Stores what was made.
    async fn keep(&self, draft: Draft, outbox: &Outbox) -> Result<Answered> {
        self.report_triggered();
        match self.store(draft).await? {
            Some(answered) => Ok(answered),
            None => self.overtaken(outbox).await,
        }
    }

    /// The conversation changed while the answer was made: if a person has taken over, the message is theirs.
    async fn overtaken(&self, outbox: &Outbox) -> Result<Answered> {
        let at = self.op.now();
        let (site, session) = (&self.site, &self.session_id);
        let of = Conversation { org: &site.org_id, site: &site.id, session, at };
        let visitor = self.visitor_id.as_deref();
        let now = store::leave_to_person(&self.op, of, visitor, &self.turn_id, &self.question);
        match now.await? {
            Now::WithPerson(handoff) => {
                feed::run_soon(&self.op);
                let text = handoff::waiting_text(handoff, self.reading.language);
                let text = text.unwrap_or_default();
                let gap = if outbox.text().is_empty() || text.is_empty() { "" } else { "\n\n" };
                outbox.say(&format!("{gap}{text}"));
                Ok(Answered {
                    text: text.to_owned(),
                    citations: Vec::new(),
                    finish_reason: "handed_off",
                    latency_ms: at.millis_since(self.asked_at),
                    usage: self.made_by().map(|made| made.usage),
                })
            }
            // It was let in for a person, who gave the conversation back meanwhile.
            Now::WithAssistant if matches!(self.reading.course, Course::WithPerson(_)) => {
                Err(super::session_routes::changed())
            }
            Now::WithAssistant | Now::Ended => Err(super::admission::session_closed()),
        }
    }

    /// Stores what was made, if the conversation is still what it was when the message was let in.
    async fn store(&self, draft: Draft) -> Result<Option<Answered>> {
        let made_by = self.made_by();
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
            made_by: made_by.as_ref(),
            answered_at,
            latency_ms,
            // Greetings and the like ask for nothing.
            is_unanswered: self.reading.course == Course::Answer
                && draft.citations.is_empty()
                && !self.terms.is_empty(),
            extras: self.extras(answered_at, draft.finish_reason)?,
        };
        let kept = match self.reading.course {
            Course::WithPerson(_) => store::message_to_person(&self.op, ending).await?,
            _ => store::turn_end(&self.op, ending).await?,
        };
        match kept {
            Kept::Stored => {}
            Kept::Overtaken => return Ok(None),
            Kept::EndedBefore => return Err(super::admission::session_closed()),
        }
        feed::run_soon(&self.op);
        let Draft { text, citations, finish_reason } = draft;
        let usage = made_by.map(|made| made.usage);
        Ok(Some(Answered { text, citations, finish_reason, latency_ms, usage }))
    }

    /// What else the turn brings: its language, a wish for a person or an appointment, a lead.
    fn extras(&self, at: Timestamp, finish_reason: &str) -> Result<Vec<Statement>> {
        let Reading { course, language, intent, .. } = &self.reading;
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
        if self.settings().lead_capture().is_some() {
            let (own, contacts) = (site.domain.as_deref(), &intent.contacts);
            extras.extend(capture::found_lead_statements(of, &self.question, contacts, own)?);
        }
        Ok(extras)
    }

    /// Ends a turn that has no answer. It costs what models were asked for it, and counts only if one was. Runs beside
    /// the answer.
    pub(super) fn give_up(self: &Arc<Self>) {
        let exchange = Arc::clone(self);
        self.op.background.spawn(Box::pin(async move { exchange.end_without_answer().await }));
    }

    async fn end_without_answer(&self) {
        self.report_triggered();
        let due = self.bill.due().microusd;
        let cost = self.bill.is_asked().then(|| i64::try_from(due).unwrap_or(i64::MAX));
        let Self { op, site, turn_id, asked_at, .. } = self;
        if let Err(error) = store::turn_fail(op, site, turn_id, *asked_at, cost).await {
            self.log("turn_not_ended", &error.private_context());
        }
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
                return exchange.end_without_answer().await;
            }
            let citations = answer::citations_of(&text, &exchange.passages);
            let draft = Draft { text, citations, finish_reason: "interrupted" };
            if let Err(error) = exchange.keep(draft, &outbox).await
                && !matches!(error.code(), "session_closed" | "session_changed")
            {
                exchange.log("turn_not_ended", &error.private_context());
            }
        }));
    }

    /// Answers whole, also if who asked goes meanwhile: what is left to do is done beside them.
    pub(super) async fn run_whole(self: &Arc<Self>) -> Result<Answered> {
        let outbox = Arc::new(Outbox::collecting());
        let (exchange, inner) = (Arc::clone(self), Arc::clone(&outbox));
        let work = Work::of(Box::pin(async move {
            exchange.run(&inner).await.inspect_err(|_| exchange.give_up())
        }));
        let left = work.clone();
        let waits = Waiting(outbox.clone());
        self.op.background.spawn(Box::pin(async move {
            if outbox.ended().await == End::Gone {
                // It is in the log, and nobody is there to be told.
                let _ = left.await;
            }
        }));
        let answered = work.await;
        waits.0.close(End::Whole);
        answered
    }

    fn log(&self, event: &'static str, reason: &str) {
        let fields = [("reason", json!(reason))];
        self.op.app.log.event(LogLevel::Warn, event, self.op.now(), &self.op.request, &fields);
    }
}

/// An answer that no model makes.
fn fixed(outbox: &Outbox, text: String, finish_reason: &'static str) -> Draft {
    outbox.say(&text);
    Draft { text, citations: Vec::new(), finish_reason }
}

/// Work that either of two may drive to its end: who waits for it, or a task beside them.
struct Work<T>(Arc<Mutex<BoxFuture<'static, T>>>);

impl<T> Work<T> {
    fn of(work: BoxFuture<'static, T>) -> Self {
        Self(Arc::new(Mutex::new(work)))
    }
}

impl<T> Clone for Work<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Future for Work<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut().poll(context)
    }
}

/// Somebody waits for an answer that is sent whole.
struct Waiting(Arc<Outbox>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.close(End::Gone);
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
