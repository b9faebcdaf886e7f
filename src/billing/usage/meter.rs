//! Stripe's meters: which counts what, and what becomes of an event after an attempt to send it.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::choice;
use crate::clients::stripe::{Failure, FailureKind};

/// The longest name of an event (docs.stripe.com/api/billing/meter-event/create).
const LONGEST_NAME: usize = 100;
/// Attempts at most. With their pauses they take 17 hours.
const MOST_ATTEMPTS: u32 = 11;
const FIRST_PAUSE: Duration = Duration::from_mins(1);
/// For how long an event may be sent again: Stripe knows identifiers again for "a rolling period of at least 24 hours"
/// (the same page), and an hour is left for clocks.
const SENT_AGAIN_FOR: Duration = Duration::from_hours(23);

choice! {
    /// What is metered: `billing_records.usage_type` of what is counted here.
    pub enum UsageType {
        /// Runs of actions that succeeded.
        ActionRuns = "action_runs",
        /// Messages of visitors that were answered.
        ChatMessages = "chat_messages",
        /// Begun minutes of speech, of a month.
        VoiceMinutes = "voice_minutes",
    }
}

/// `STRIPE_METERS`: what the events of each metered kind are called at Stripe.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meters(Vec<(UsageType, String)>);

impl Meters {
    /// Reads `chat_messages=koby_chat_messages,voice_minutes=…`, and what is wrong with it. A kind has one meter, and a
    /// meter one kind.
    pub fn parse(list: &str) -> (Self, Vec<String>) {
        let mut meters = Self::default();
        let mut problems = Vec::new();
        for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            match meter(entry) {
                Some((kind, name)) if meters.has(kind, &name) => problems
                    .push(format!("\"{entry}\" names a usage or an event that is named before")),
                Some(meter) => meters.0.push(meter),
                None => problems.push(format!(
                    "\"{entry}\" is not one of {}, =, and the name of a meter's event",
                    UsageType::ALL.join(", ")
                )),
            }
        }
        (meters, problems)
    }

    fn has(&self, kind: UsageType, name: &str) -> bool {
        self.0.iter().any(|(other, named)| *other == kind || named == name)
    }

    /// A JSON object: the name of each kind's events.
    pub fn to_json(&self) -> String {
        let named =
            self.0.iter().map(|(kind, name)| (kind.as_str().to_owned(), name.as_str().into()));
        Value::Object(named.collect::<Map<_, _>>()).to_string()
    }
}

fn meter(entry: &str) -> Option<(UsageType, String)> {
    let (kind, name) = entry.split_once('=')?;
    let (kind, name) = (UsageType::parse(kind.trim())?, name.trim());
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let fits = (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(is_plain);
    fits.then(|| (kind, name.to_owned()))
}

/// What becomes of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// Stripe has it.
    Sent,
    /// Stripe will never take it.
    Refused(String),
    /// Whether Stripe has it is unknown; it is sent again after a pause.
    Again(Duration, String),
    /// Whether Stripe has it is unknown, and it is too late to send it again: it might count twice.
    Unknown(String),
    /// It was not sent, or the key was not taken: as if there had been no attempt.
    Untried,
}

/// Whether an event may be sent, `waited_ms` after its first attempt.
pub(super) fn may_be_sent(waited_ms: i64) -> bool {
    u128::try_from(waited_ms).is_ok_and(|waited_ms| waited_ms < SENT_AGAIN_FOR.as_millis())
}

/// The fate of an event after its `attempts`th attempt.
pub(super) fn fate(answer: Result<(), Failure>, attempts: u32) -> Fate {
    let Err(Failure { kind, reason, .. }) = answer else { return Fate::Sent };
    match kind {
        FailureKind::Duplicate => Fate::Sent,
        FailureKind::Refused => Fate::Untried,
        FailureKind::NotFound | FailureKind::Unfit => Fate::Refused(reason),
        FailureKind::Down if attempts >= MOST_ATTEMPTS => Fate::Unknown(reason),
        FailureKind::Down => {
            let doubled = 1 << attempts.saturating_sub(1).min(MOST_ATTEMPTS);
            Fate::Again(FIRST_PAUSE.saturating_mul(doubled), reason)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(kind: FailureKind) -> Result<(), Failure> {
        Err(Failure { kind, reason: "why".to_owned(), is_kept: false })
    }

    #[test]
    fn meters_are_named_by_usage() {
        let (meters, problems) =
            Meters::parse(" chat_messages = koby_chat , voice_minutes=koby.voice-1,");
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(
            meters.to_json(),
            r#"{"chat_messages":"koby_chat","voice_minutes":"koby.voice-1"}"#
        );
        assert_eq!(Meters::parse(""), (Meters::default(), Vec::new()));
    }

    #[test]
    fn an_entry_that_names_no_meter_is_refused_and_the_others_stay() {
        let long = format!("action_runs={}", "x".repeat(101));
        for odd in ["clips=x", "voice_minutes", "voice_minutes=", "voice_minutes=a b", "=x", &long]
        {
            let (meters, problems) = Meters::parse(&format!("{odd},chat_messages=chat"));
            assert_eq!(problems.len(), 1, "{odd}");
            assert!(problems[0].contains(odd), "{problems:?}");
            assert_eq!(meters.to_json(), r#"{"chat_messages":"chat"}"#);
        }
        for twice in ["chat_messages=a,chat_messages=b", "chat_messages=a,voice_minutes=a"] {
            let (meters, problems) = Meters::parse(twice);
            assert_eq!(
                (meters.to_json().as_str(), problems.len()),
                (r#"{"chat_messages":"a"}"#, 1)
            );
        }
    }

    #[test]
    fn only_what_stripe_may_have_is_sent_again_and_not_for_ever() {
        assert_eq!(fate(Ok(()), 1), Fate::Sent);
        assert_eq!(fate(failed(FailureKind::Duplicate), 2), Fate::Sent);
        assert_eq!(fate(failed(FailureKind::Refused), 1), Fate::Untried);
        assert_eq!(fate(failed(FailureKind::Unfit), 1), Fate::Refused("why".to_owned()));
        let minutes: Vec<u64> = (1..MOST_ATTEMPTS)
            .map(|attempts| match fate(failed(FailureKind::Down), attempts) {
                Fate::Again(pause, _) => pause.as_secs() / 60,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(minutes[..4], [1, 2, 4, 8]);
        assert!(Duration::from_mins(minutes.iter().sum()) < SENT_AGAIN_FOR);
        assert_eq!(fate(failed(FailureKind::Down), 11), Fate::Unknown("why".to_owned()));
        assert!(may_be_sent(0) && may_be_sent(82_799_999));
        assert!(!may_be_sent(82_800_000));
    }
}
