//! A turn that was let in before: its visitor lost the connection, or sent the message again.
//!
//! The turn may still be running, in this isolate or in another, so what is told is what was stored.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::admission::{self, SiteClaim, SiteRow};
use super::store::{self, TurnRow};
use super::stream::{Ended, Event, Outbox};
use super::turn::is_partial;
use crate::app::Op;
use crate::error::{Error, Kind, Result};
use crate::origin::Origin;

/// How long a turn that is still running is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(25);
/// When it is looked for first, and how much later at most: each pause is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// The value of `Last-Event-ID`: a turn, and how many characters of its answer the visitor has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LastEvent {
    pub(super) turn_id: String,
    pub(super) characters: usize,
}

impl LastEvent {
    /// Reads the id of an event.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let parsed = text.trim().rsplit_once('.').and_then(|(turn, characters)| {
            let is_id =
                turn.len() == 36 && turn.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
            let turn_id = Some(turn.to_owned()).filter(|_| is_id)?;
            Some(Self { turn_id, characters: characters.parse().ok()? })
        });
        parsed.ok_or_else(|| {
            Error::bad_request("invalid_event_id", "Invalid Last-Event-ID")
                .hint("Send the id of the last event that came, or no Last-Event-ID.")
        })
    }
}

/// A turn that may be told again.
pub(super) struct Told {
    op: Op,
    claim: SiteClaim,
    turn: TurnRow,
}

/// The turn of an event, if it is this visitor's on this site.
pub(super) async fn turn_of(
    op: &Op,
    claim: SiteClaim,
    origin: Option<&Origin>,
    visitor: Option<&str>,
    turn_id: &str,
) -> Result<Told> {
    let (site, turn) = store::turn_by_id(op, &claim, turn_id).await?;
    let site = admission::judge_site(site, &claim, origin, op.app.config.environment)?;
    told(op, claim, &site, turn, visitor)
}

/// A turn that an admission found, if it is this visitor's.
pub(super) fn told(
    op: &Op,
    claim: SiteClaim,
    site: &SiteRow,
    turn: Option<TurnRow>,
    visitor: Option<&str>,
) -> Result<Told> {
    op.request.set_org(&site.org_id);
    let turn = turn.filter(|turn| turn.visitor_id.as_deref() == visitor).ok_or_else(|| {
        Error::not_found("turn_not_found", "Turn not found")
            .hint("Send the message again without Last-Event-ID.")
    })?;
    Ok(Told { op: op.clone(), claim, turn })
}

impl Told {
    /// The turn's id.
    pub(super) fn turn_id(&self) -> &str {
        &self.turn.id
    }

    /// The stored answer; waits for a turn that is still running.
    pub(super) async fn answer(mut self) -> Result<TurnRow> {
        let end = self.op.now().plus(LONGEST_WAIT);
        let mut pause = FIRST_PAUSE;
        while self.turn.status == "running" {
            if self.op.now() >= end {
                return Err(Error::conflict("turn_running", "Answer is still being made")
                    .hint("Try again in a few seconds.")
                    .retry_after_s(5));
            }
            self.op.app.ports.clock.sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            let (_, turn) = store::turn_by_id(&self.op, &self.claim, &self.turn.id).await?;
            match turn {
                Some(turn) => self.turn = turn,
                None => "failed".clone_into(&mut self.turn.status),
            }
        }
        if self.turn.role.as_deref() == Some("user") {
            // It went to a person, and was answered by nobody yet.
            self.turn.content = Some(String::new());
            self.turn.finish_reason = Some("handed_off".to_owned());
        }
        if self.turn.content.is_none() {
            return Err(Error::new(Kind::Conflict, "turn_failed", "Answer was lost")
                .hint("Send the message again without Last-Event-ID."));
        }
        Ok(self.turn)
    }

    /// Sends what the visitor does not have yet.
    pub(super) async fn send(self, characters: usize, outbox: Arc<Outbox>) {
        let op = self.op.clone();
        let clock = Arc::clone(&op.app.ports.clock);
        // Whatever comes of it, the visitor has so much.
        outbox.resume_at(characters);
        let (session, turn) = (&self.turn.session_id, &self.turn.id);
        outbox.report(&Event::Start { session, turn });
        let turn = match outbox.awaiting(&*clock, self.answer()).await {
            Ok(turn) => turn,
            Err(error) => {
                let request_id = &op.request.id;
                return outbox.report(&Event::Failure { error: &error, request_id });
            }
        };
        let text = turn.content.as_deref().unwrap_or_default();
        outbox.resume_at(characters.min(text.chars().count()));
        let rest: String = text.chars().skip(characters).collect();
        outbox.say(&rest);
        let finish_reason = turn.finish_reason.as_deref().unwrap_or("stop");
        outbox.report(&Event::End(&Ended {
            session: &turn.session_id,
            turn: &turn.id,
            citations: &citations(&turn),
            finish_reason,
            is_partial: is_partial(finish_reason),
            latency_ms: turn.latency_ms.unwrap_or_default(),
            usage: None,
        }));
    }
}

/// The citations of a stored answer.
pub(super) fn citations(turn: &TurnRow) -> Value {
    let stored = turn.citations.as_deref().and_then(|text| serde_json::from_str(text).ok());
    stored.filter(Value::is_array).unwrap_or_else(|| Value::Array(Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_an_event_is_a_turn_and_a_count() {
        let turn = "019a0000-0000-7000-8000-000000000001";
        let last = LastEvent::parse(&format!(" {turn}.17 ")).unwrap();
        assert_eq!((last.turn_id.as_str(), last.characters), (turn, 17));
        for odd in
            ["", "17", "x.17", &format!("{turn}."), &format!("{turn}.-1"), &format!("{turn}.x")]
        {
            assert_eq!(LastEvent::parse(odd).unwrap_err().code(), "invalid_event_id", "{odd}");
        }
    }
}
