//! The job `notices_send`: gives each notice to whoever delivers it.
//!
//! A delivery is taken with a lease, marked as being sent, given to its provider, and what became of it is noted together
//! with the mark of the next. A run may be cut off anywhere in that. Resend is told a key and sends an e-mail once,
//! however often it is given to it. Twilio knows no such thing: a text message that was marked and not noted is given up,
//! since one too few does less harm than the same one again and again.

use std::time::Duration;

use serde_json::json;

use super::Channel;
use super::store::{self, DeliveryRow, Ended};
use super::text::Told;
use crate::app::Op;
use crate::backoff;
use crate::clients::Unsent;
use crate::clients::resend::{KEY_KNOWN_FOR, Message, Resend};
use crate::clients::twilio::Twilio;
use crate::config::LogLevel;
use crate::db::{Rows, Statement};
use crate::error::Result;
use crate::ids::new_id;
use crate::jobs::Run;
use crate::members::Email;
use crate::phone_number::PhoneNumber;
use crate::time::Timestamp;

/// A delivery that is held for longer was lost with its run.
const LEASE: Duration = Duration::from_mins(2);
/// Deliveries taken at a time.
const AT_ONCE: u32 = 20;
/// Attempts before a delivery is given up.
const MOST_ATTEMPTS: i64 = 5;
/// The wait after the first failed attempt; each further one waits five times as long, ten hours in the end.
const FIRST_WAIT: Duration = Duration::from_mins(5);
/// No attempt begins later than this after the first: an hour before Resend forgets the key.
const TRIED_FOR: Duration = KEY_KNOWN_FOR.saturating_sub(Duration::from_hours(1));
/// What is noted of a text message that was being sent by a run that was lost.
const UNKNOWN: &str = "outcome_unknown";

/// Why a delivery is not given to its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hindrance {
    /// No key for the channel.
    NotConfigured,
    /// What it tells is not so any more.
    Outdated,
    /// Its recipient is no active owner any more, or has no address.
    NoAddress,
    /// All attempts are spent, or too long ago.
    GivenUp,
}

impl Hindrance {
    fn ended(self) -> Ended {
        let (status, reason) = match self {
            Self::NotConfigured => ("skipped", "not_configured"),
            Self::Outdated => ("skipped", "outdated"),
            Self::NoAddress => ("skipped", "no_address"),
            Self::GivenUp => ("failed", "given_up"),
        };
        let reason = Some(reason.to_owned());
        Ended { status, reason, provider_id: None, next_attempt_at: None }
    }
}

/// A delivery with everything that it takes.
enum Ready<'a> {
    Email(Resend<'a>, Email),
    Sms(Twilio<'a>, PhoneNumber),
}

/// One run.
pub(crate) async fn run(op: &Op, run: &mut Run) -> Result<()> {
    while run.has_time(op) {
        let lease = new_id(op.now())?;
        let until = op.now().plus(LEASE);
        let held = store::deliveries_claim(op, &lease, until, AT_ONCE, UNKNOWN).await?;
        if held.is_empty() {
            return Ok(());
        }
        send_all(op, run, &lease, &held).await?;
    }
    run.has_more = true;
    Ok(())
}

/// Sends what is held, as long as there is time; what is left is due again when the lease ends.
async fn send_all(op: &Op, run: &mut Run, lease: &str, held: &[DeliveryRow]) -> Result<()> {
    // What became of those before is written together with the mark of the next.
    let mut noted: Vec<Statement> = Vec::new();
    for row in held {
        if !run.has_time(op) {
            break;
        }
        let ended = match ready(op, row) {
            Err(hindrance) => hindrance.ended(),
            Ok(ready) => {
                let now = op.now();
                noted.push(store::delivery_begin(row, lease, now));
                let rows = op.write(std::mem::take(&mut noted)).await?;
                if rows.last().map_or(Ok(0), Rows::count)? == 0 {
                    continue;
                }
                judged(send(op, row, &ready).await, row.attempts + 1, op.now())
            }
        };
        log(op, row, &ended);
        noted.push(store::delivery_end(row, lease, &ended, op.now()));
        run.items += 1;
    }
    if !noted.is_empty() {
        op.write(noted).await?;
    }
    Ok(())
}

/// The delivery's provider and address, or what stands against it.
fn ready<'a>(op: &'a Op, row: &DeliveryRow) -> Result<Ready<'a>, Hindrance> {
    if !row.is_still_so {
        return Err(Hindrance::Outdated);
    }
    let tried_since = row.first_attempt_at.as_ref().and_then(|at| Timestamp::parse(at.as_str()));
    let is_late = tried_since.is_some_and(|since| op.now() > since.plus(TRIED_FOR));
    if row.attempts >= MOST_ATTEMPTS || is_late {
        return Err(Hindrance::GivenUp);
    }
    let address = row.address.as_deref();
    match row.channel {
        Channel::Email => {
            let resend = Resend::of(op).ok_or(Hindrance::NotConfigured)?;
            let to = address.and_then(Email::parse).ok_or(Hindrance::NoAddress)?;
            Ok(Ready::Email(resend, to))
        }
        Channel::Sms => {
            let twilio = Twilio::of(op).ok_or(Hindrance::NotConfigured)?;
            let to = address.and_then(PhoneNumber::parse).ok_or(Hindrance::NoAddress)?;
            Ok(Ready::Sms(twilio, to))
        }
    }
}

/// Gives a delivery to its provider; gives the provider's id of it.
async fn send(op: &Op, row: &DeliveryRow, ready: &Ready<'_>) -> Result<Option<String>, Unsent> {
    let told = Told {
        kind: row.kind,
        details: &row.details,
        org_name: &row.org_name,
        portal_url: op.app.config.portal_url.as_deref(),
    };
    match ready {
        Ready::Email(resend, to) => {
            let email = told.email();
            let message =
                Message { to, subject: &email.subject, text: &email.text, html: &email.html };
            resend.send(&message, &format!("notice-{}", row.id)).await
        }
        Ready::Sms(twilio, to) => twilio.send(to, &told.sms()).await,
    }
}

/// What becomes of a delivery after so many attempts.
fn judged(outcome: Result<Option<String>, Unsent>, attempts: i64, now: Timestamp) -> Ended {
    match outcome {
        Ok(provider_id) => {
            Ended { status: "sent", reason: None, provider_id, next_attempt_at: None }
        }
        Err(Unsent { again, reason }) => {
            let again = again.filter(|_| attempts < MOST_ATTEMPTS);
            Ended {
                status: if again.is_some() { "waiting" } else { "failed" },
                reason: Some(reason),
                provider_id: None,
                next_attempt_at: again.map(|asked| now.plus(asked.max(wait(attempts)))),
            }
        }
    }
}

/// 5 min, 25 min, two hours, ten hours, each with up to half as much again: less than a day in all.
fn wait(attempts: i64) -> Duration {
    backoff::wait(FIRST_WAIT, 5, attempts)
}

fn log(op: &Op, row: &DeliveryRow, ended: &Ended) {
    let level = match ended.status {
        "sent" | "skipped" => LogLevel::Info,
        "waiting" => LogLevel::Warn,
        _ => LogLevel::Error,
    };
    let fields = [
        ("notice", json!(row.notice_id)),
        ("orgId", json!(row.org_id)),
        ("kind", json!(row.kind)),
        ("channel", json!(row.channel)),
        ("outcome", json!(ended.status)),
        ("reason", json!(ended.reason)),
    ];
    op.app.log.event(level, "notice_delivery", op.now(), &op.request, &fields);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_all_of_them_are_less_than_a_day() {
        for (attempts, minutes) in [(1, 5), (2, 25), (3, 125), (4, 625)] {
            for _ in 0..20 {
                let wait = wait(attempts).as_secs_f64() / 60.0;
                assert!((f64::from(minutes)..=f64::from(minutes) * 1.5).contains(&wait), "{wait}");
            }
        }
        let shortest: Duration = (0..4).map(|power| FIRST_WAIT * 5_u32.pow(power)).sum();
        assert!(shortest * 3 / 2 < TRIED_FOR, "{shortest:?}");
    }

    #[test]
    fn the_last_attempt_and_a_refusal_are_the_end() {
        let now = Timestamp::from_seconds(0);
        let again = |attempts, asked| {
            let unsent = Unsent { again: asked, reason: "why".to_owned() };
            judged(Err(unsent), attempts, now)
        };
        assert_eq!(again(1, Some(Duration::ZERO)).status, "waiting");
        let asked = Duration::from_hours(1);
        assert_eq!(again(1, Some(asked)).next_attempt_at, Some(now.plus(asked)));
        assert_eq!(again(MOST_ATTEMPTS, Some(Duration::ZERO)).status, "failed");
        assert_eq!((again(1, None).status, again(1, None).next_attempt_at), ("failed", None));
        assert_eq!(judged(Ok(None), MOST_ATTEMPTS, now).status, "sent");
    }
}
