//! What a clip may last and cost at most, and what is said when minutes, money or uses are used up.

use http::HeaderMap;

use crate::chat::{resets_in_s, tell_limit, words};
use crate::clients::elevenlabs::ProviderId;
use crate::error::{Error, Kind};
use crate::row;
use crate::time::Timestamp;

/// What is set aside beside the words: silence at both ends, a slow start.
const PAUSE_MS: u32 = 2_000;
/// The longest clip, whatever its text.
const LONGEST_MS: u32 = 600_000;
/// What is set aside for a call: the longest that an agent talks unless its owner says otherwise (elevenlabs.io/docs,
/// `max_duration_seconds`, 600). How long a call was, the provider tells nobody but its own account, so that this stays.
pub(super) const CALL_MS: i64 = 600_000;
/// List price of a minute of a call: 0.10 dollars.
const MICROUSD_PER_MINUTE_OF_A_CALL: i64 = 100_000;
/// What is set aside for a call in micro-dollars: one dollar.
pub(super) const CALL_MICROUSD: i64 = CALL_MS / 60_000 * MICROUSD_PER_MINUTE_OF_A_CALL;
/// List prices of a character (elevenlabs.io/pricing/api): 0.10 and 0.05 dollars for a thousand.
const MICROUSD_PER_CHARACTER: i64 = 100;
const MICROUSD_PER_CHARACTER_OF_FAST_MODELS: i64 = 50;

/// The longest that a text can take in milliseconds: about twice what it takes in the slowest voice. What is said in
/// words (figures, signs, capitals that are spelt out) and what is a syllable or a word itself takes longer than letters.
pub(super) fn longest_ms(text: &str) -> u32 {
    let of = |c: char| match c {
        '0'..='9' => 700,
        'A'..='Z' => 350,
        // Scripts whose signs are syllables or words begin here.
        '\u{1100}'.. => 450,
        c if c.is_alphabetic() || c.is_whitespace() => 130,
        _ => 500,
    };
    text.chars().map(of).fold(PAUSE_MS, u32::saturating_add).min(LONGEST_MS)
}

/// What a text costs at most, in micro-dollars.
pub(super) fn highest_price(text: &str) -> i64 {
    characters(text).saturating_mul(MICROUSD_PER_CHARACTER)
}

/// What a text costs when a model says it, in micro-dollars.
pub(super) fn price(text: &str, model: &ProviderId) -> i64 {
    let is_fast = ["eleven_flash", "eleven_turbo"].iter().any(|of| model.as_str().starts_with(of));
    let each = if is_fast { MICROUSD_PER_CHARACTER_OF_FAST_MODELS } else { MICROUSD_PER_CHARACTER };
    characters(text).saturating_mul(each)
}

fn characters(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

row! {
    /// A limit, and what of it was used. Nothing is limited where a limit is none.
    #[derive(Debug, Clone)]
    pub(super) struct LimitRow {
        /// Whose, and the length of its window: `site-minute`, `org-month`, …
        pub(super) name: String,
        /// Clips and calls.
        pub(super) uses: Option<i64>,
        /// In micro-dollars.
        pub(super) microusd: Option<i64>,
        /// What of it voice may use.
        pub(super) voice_microusd: Option<i64>,
        pub(super) voice_ms: Option<i64>,
        pub(super) used_uses: i64,
        pub(super) used_microusd: i64,
        pub(super) used_voice_microusd: i64,
        pub(super) used_voice_ms: i64,
    }
}

/// What a request sets aside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Aside {
    pub(super) is_clip: bool,
    pub(super) ms: i64,
    pub(super) microusd: i64,
}

impl LimitRow {
    fn has_no_use(&self) -> bool {
        self.uses.is_some_and(|most| self.used_uses >= most)
    }

    fn has_no_money(&self, aside: Aside) -> bool {
        let needed = self.used_microusd.saturating_add(aside.microusd.max(1));
        self.microusd.is_some_and(|most| needed > most)
    }

    fn has_no_money_for_voice(&self, aside: Aside) -> bool {
        let needed = self.used_voice_microusd.saturating_add(aside.microusd.max(1));
        self.voice_microusd.is_some_and(|most| needed > most)
    }

    fn has_no_time(&self, aside: Aside) -> bool {
        let needed = self.used_voice_ms.saturating_add(aside.ms.max(1_000));
        self.voice_ms.is_some_and(|most| needed > most)
    }
}

/// Why a request was not let in, if a limit was the reason: minutes first, as they pass soonest.
pub(super) fn refusal(limits: &[LimitRow], aside: Aside, now: Timestamp) -> Option<Error> {
    let find = |is_spent: &dyn Fn(&LimitRow) -> bool| limits.iter().find(|limit| is_spent(limit));
    let is_minute = |limit: &LimitRow| limit.name.ends_with("minute");
    if let Some(limit) = find(&|limit| is_minute(limit) && limit.has_no_use()) {
        let seconds = resets_in_s(&limit.name, now);
        return Some(
            Error::new(
                Kind::RateLimited,
                "rate_limit_exceeded",
                "Rate limit exceeded. Please try again later.",
            )
            .hint(format!("Too many clips and calls within a minute; try again in {seconds} s."))
            .retry_after_s(seconds),
        );
    }
    let hint = |limit: &LimitRow, what: &str| {
        let whose = words(&limit.name);
        format!("The {whose} {what}; its owner can raise it.")
    };
    if let Some(limit) = find(&|limit| limit.has_no_money(aside)) {
        return Some(
            Error::new(Kind::PaymentRequired, "spend_cap_reached", "Spend cap reached")
                .hint(hint(limit, "cap does not cover this any more"))
                .retry_after_s(resets_in_s(&limit.name, now)),
        );
    }
    if let Some(limit) = find(&|limit| limit.has_no_money_for_voice(aside)) {
        return Some(
            Error::new(Kind::PaymentRequired, "spend_cap_reached", "Spend cap reached")
                .hint(hint(limit, "cap, of which voice may use half, does not cover this any more"))
                .retry_after_s(resets_in_s(&limit.name, now)),
        );
    }
    let limit = find(&LimitRow::has_no_use).or_else(|| find(&|limit| limit.has_no_time(aside)))?;
    Some(
        Error::new(Kind::RateLimited, "voice_budget_exhausted", "Voice limit reached")
            .hint(hint(limit, "voice budget does not cover this any more"))
            .retry_after_s(resets_in_s(&limit.name, now)),
    )
}

/// Adds the limits of uses and of seconds to the `RateLimit` fields.
pub(super) fn tell(headers: &mut HeaderMap, limits: &[LimitRow], now: Timestamp) {
    for limit in limits {
        if let Some(most) = limit.uses {
            tell_limit(headers, &limit.name, "-voice", most, most - limit.used_uses, now);
        }
        if let Some(most) = limit.voice_ms {
            let left = (most - limit.used_voice_ms) / 1_000;
            tell_limit(headers, &limit.name, "-voice-seconds", most / 1_000, left, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_set_aside_than_any_voice_takes() {
        let prose = "Our Saturday opening hours are eight to one. Please call us before you come.";
        // Spoken slowly: ten letters a second.
        let slow_ms = u32::try_from(prose.len() * 100).unwrap();
        assert!((slow_ms..slow_ms * 2).contains(&longest_ms(prose)), "{}", longest_ms(prose));
        assert!(longest_ms("1000000") > 5_000 && longest_ms("土曜日は八時から") > 4_000);
        assert!(longest_ms("") >= 1_000, "what a call needs, a clip needs too");
        assert_eq!(longest_ms(&"9".repeat(2_500)), LONGEST_MS);
    }

    #[test]
    fn prices_go_by_characters_and_model() {
        let price = |model| price("Grüße!", &ProviderId::parse(model).unwrap());
        assert_eq!((price("eleven_multilingual_v2"), price("eleven_flash_v2_5")), (600, 300));
        assert_eq!(highest_price("Grüße!"), 600);
    }

    #[test]
    fn the_limit_that_passes_soonest_is_told_first() {
        let now = Timestamp::from_seconds(86_400 * 3 + 3_590);
        let limit = |name: &str, uses: Option<i64>| LimitRow {
            name: name.to_owned(),
            uses,
            microusd: Some(1_000),
            voice_microusd: Some(500),
            voice_ms: Some(10_000),
            used_uses: 3,
            used_microusd: 900,
            used_voice_microusd: 300,
            used_voice_ms: 5_000,
        };
        let of = |limits: &[LimitRow], ms: i64, microusd: i64| {
            let aside = Aside { is_clip: true, ms, microusd };
            refusal(limits, aside, now).map(|error| (error.code(), error.retry_after().unwrap()))
        };
        let (month, minute) = (limit("org-month", None), limit("site-minute", Some(3)));
        assert_eq!(of(std::slice::from_ref(&month), 5_000, 100), None);
        assert_eq!(
            of(std::slice::from_ref(&month), 5_001, 100),
            Some(("voice_budget_exhausted", 82_810))
        );
        assert_eq!(
            of(std::slice::from_ref(&month), 5_001, 101),
            Some(("spend_cap_reached", 82_810))
        );
        let talkative = LimitRow { used_voice_microusd: 450, ..month.clone() };
        assert_eq!(of(&[talkative], 5_000, 100), Some(("spend_cap_reached", 82_810)));
        assert_eq!(of(&[month, minute], 5_001, 101), Some(("rate_limit_exceeded", 10)));
        let spent = LimitRow { used_voice_ms: 9_001, ..limit("site-month", None) };
        assert_eq!(of(&[spent], 0, 0).map(|(code, _)| code), Some("voice_budget_exhausted"));
    }
}
