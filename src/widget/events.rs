//! What widgets tell of themselves: names of a short list, counted by day. Nothing of what they say is kept but the
//! counts, so that nothing personal can be.
//!
//! One writer serves all tenants, so that a busy site is counted in samples: of the batches that one isolate gets for
//! it beyond some a minute, one in ten is written, ten times.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};

use super::embed::LONGEST_KEY;
use super::profile::is_event_name;
use crate::body;
use crate::error::{Error, Result};
use crate::http::body::{Member, Text, invalid, nested};
use crate::time::Timestamp;

/// Events that every widget may tell.
pub(super) const EVENTS: [&str; 14] = [
    "widget_loaded",
    "widget_opened",
    "widget_closed",
    "message_sent",
    "message_received",
    "trigger_shown",
    "trigger_clicked",
    "starter_clicked",
    "session_started",
    "session_ended",
    "lead_form_shown",
    "handoff_requested",
    "feedback_given",
    "error_shown",
];
/// Those that are told only where the profile tracks conversions.
pub(super) const CONVERSIONS: [&str; 3] = ["lead_submitted", "appointment_booked", "conversion"];

/// Most events of a batch.
const MOST_EVENTS: usize = 20;
/// Most properties of an event.
const MOST_PROPERTIES: usize = 8;
/// Longest text of a property, in characters.
const LONGEST_PROPERTY: usize = 100;

/// Batches of one embed that an isolate writes in a minute before it samples.
const WHOLE_BATCHES: u32 = 30;
/// Of how many batches one is written beyond that.
const SAMPLE: u32 = 10;
/// Embeds that one isolate counts at a time; beyond it nothing is sampled.
const MOST_EMBEDS: usize = 1_000;

body! {
    /// A batch of events of one page.
    pub struct WidgetEventsIn {
        /// The key, unless the header X-Site-Key has it.
        deploy_key as "deployKey": Option<Text<1, { LONGEST_KEY }>>,
        /// Another name of `deployKey`.
        deploy_key_snake as "deploy_key": Option<Text<1, { LONGEST_KEY }>>,
        /// 1 to 20.
        events as "events": Vec<WidgetEventIn>,
    }
}

body! {
    /// Something that happened in a widget.
    pub struct WidgetEventIn {
        /// One that every widget knows, or one of the profile's `customEvents`.
        name as "name": Text<1, 40>,
        /// At most 8, each a number, true or false, or a text of at most 100 characters. They are checked and not kept.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Object>))]
        #[expect(dead_code, reason = "judged where it is read")]
        properties as "properties": Option<Properties>,
    }
}

impl Member for WidgetEventIn {
    fn from_member(value: Value) -> Result<Self, String> {
        nested(value)
    }
}

/// Properties of an event, judged.
#[derive(Debug)]
pub struct Properties;

impl Member for Properties {
    fn from_member(value: Value) -> Result<Self, String> {
        let properties = Map::from_member(value)?;
        let is_short = |value: &Value| match value {
            Value::Bool(_) | Value::Number(_) => true,
            Value::String(text) => text.chars().nth(LONGEST_PROPERTY).is_none(),
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        };
        let fits = properties.len() <= MOST_PROPERTIES
            && properties
                .iter()
                .all(|(name, value)| (1..=40).contains(&name.len()) && is_short(value));
        fits.then_some(Self).ok_or_else(|| {
            format!(
                "must be at most {MOST_PROPERTIES} numbers, flags or texts of at most {LONGEST_PROPERTY} characters"
            )
        })
    }
}

impl WidgetEventsIn {
    /// The names, of a batch that is neither empty nor too long.
    pub(super) fn names(&self) -> Result<Vec<&str>> {
        if !(1..=MOST_EVENTS).contains(&self.events.len()) {
            return Err(invalid("events", &format!("must have 1 to {MOST_EVENTS} entries")));
        }
        Ok(self.events.iter().map(|event| event.name.as_str()).collect())
    }
}

/// How often each event is to be counted, by what the profile tracks.
///
/// # Errors
/// When a name is none that this widget may tell.
pub(super) fn counted<'a>(
    names: &[&'a str],
    analytics: &Map<String, Value>,
) -> Result<HashMap<&'a str, u32>> {
    let is_on = |name: &str| analytics.get(name).and_then(Value::as_bool).unwrap_or(true);
    let custom = analytics.get("customEvents").and_then(Value::as_array);
    let custom = custom.map(Vec::as_slice).unwrap_or_default();
    let mut counts = HashMap::new();
    for name in names {
        let is_conversion = CONVERSIONS.contains(name);
        let is_known = is_conversion
            || EVENTS.contains(name)
            || custom.iter().any(|custom| custom.as_str() == Some(name));
        if !is_known {
            return Err(unknown_event(name));
        }
        let is_tracked = is_on("trackEvents") && (!is_conversion || is_on("trackConversions"));
        if is_tracked {
            *counts.entry(*name).or_insert(0) += 1;
        }
    }
    Ok(counts)
}

#[cold]
#[track_caller]
fn unknown_event(name: &str) -> Error {
    // What is no name of an event is not repeated.
    let name = if is_event_name(name) { name } else { "…" };
    Error::bad_request("unknown_event", "Unknown event").hint(format!(
        "\"{name}\" is none of {}, {}, nor of the profile's customEvents.",
        EVENTS.join(", "),
        CONVERSIONS.join(", ")
    ))
}

/// Batches that this isolate was sent in the present minute, by embed.
#[derive(Debug, Default)]
pub struct Sampler(Mutex<HashMap<String, Window>>);

#[derive(Debug, Clone, Copy)]
struct Window {
    ends: Timestamp,
    batches: u32,
}

impl Sampler {
    /// How many times a batch is to be counted; 0 if it is not of the sample. `roll` is random.
    pub(super) fn weight(&self, embed: &str, now: Timestamp, roll: u8) -> u32 {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= MOST_EMBEDS && !windows.contains_key(embed) {
            windows.retain(|_, window| window.ends > now);
            if windows.len() >= MOST_EMBEDS {
                return 1;
            }
        }
        let fresh = Window { ends: now.plus(Duration::from_mins(1)), batches: 0 };
        let window = windows.entry(embed.to_owned()).or_insert(fresh);
        if window.ends <= now {
            *window = fresh;
        }
        window.batches = window.batches.saturating_add(1);
        match u32::from(roll) {
            _ if window.batches <= WHOLE_BATCHES => 1,
            // Of the 256 rolls, 250 fall evenly to the ten numbers.
            roll if roll < 250 && roll.is_multiple_of(SAMPLE) => SAMPLE,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::body::FromBody as _;

    fn read(body: &Value) -> Result<Vec<String>, String> {
        let batch = WidgetEventsIn::from_members(body.as_object().unwrap().clone());
        let names =
            batch.and_then(|batch| Ok(batch.names()?.into_iter().map(str::to_owned).collect()));
        names.map_err(|error| error.public_hint().unwrap_or_default().to_owned())
    }

    #[test]
    fn batches_are_small_and_so_are_their_events() {
        let event = json!({"name": "widget_opened", "properties": {"fromTrigger": true, "seconds": 1.5, "page": "/a"}});
        assert_eq!(read(&json!({"events": [event]})).unwrap(), ["widget_opened"]);
        assert!(read(&json!({"events": vec![event.clone(); 20]})).is_ok());
        for body in [
            json!({}),
            json!({"events": []}),
            json!({"events": vec![event; 21]}),
            json!({"events": ["widget_opened"]}),
            json!({"events": [{"name": "x".repeat(41)}]}),
            json!({"events": [{"name": "widget_opened", "properties": []}]}),
            json!({"events": [{"name": "widget_opened", "properties": {"a": {"b": 1}}}]}),
            json!({"events": [{"name": "widget_opened", "properties": {"a": "x".repeat(101)}}]}),
            json!({"events": [{"name": "widget_opened", "properties": {"": 1}}]}),
            json!({"events": [{"name": "widget_opened", "properties": {"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1}}]}),
        ] {
            assert!(read(&body).is_err(), "{body}");
        }
    }

    #[test]
    fn the_profile_says_what_is_counted() {
        let names = ["widget_opened", "conversion", "quote_asked", "widget_opened"];
        let profile = |value: Value| value.as_object().unwrap().clone();
        let all = counted(&names, &profile(json!({"customEvents": ["quote_asked"]}))).unwrap();
        assert_eq!(
            all,
            HashMap::from([("widget_opened", 2), ("conversion", 1), ("quote_asked", 1)])
        );
        let error = counted(&names, &profile(json!({}))).unwrap_err();
        assert_eq!(error.code(), "unknown_event");
        assert!(error.public_hint().unwrap().starts_with("\"quote_asked\" is none of"));
        let odd = counted(&["<script>"], &profile(json!({}))).unwrap_err();
        assert!(!odd.public_hint().unwrap().contains("script"));
        let quiet = profile(json!({"trackConversions": false}));
        assert_eq!(counted(&names[..2], &quiet).unwrap(), HashMap::from([("widget_opened", 1)]));
        let silent = profile(json!({"trackEvents": false}));
        assert!(counted(&names[..2], &silent).unwrap().is_empty());
    }

    #[test]
    fn a_busy_embed_is_sampled_without_bias() {
        let sampler = Sampler::default();
        let now = Timestamp::from_millis(0);
        for _ in 0..WHOLE_BATCHES {
            assert_eq!(sampler.weight("busy", now, 1), 1);
        }
        let counted: u32 = (0..=u8::MAX).map(|roll| sampler.weight("busy", now, roll)).sum();
        assert_eq!(counted, 250, "256 batches, but for those of 6 rolls");
        assert_eq!(sampler.weight("quiet", now, 1), 1);
        assert_eq!(sampler.weight("busy", Timestamp::from_millis(60_000), 1), 1);
    }

    #[test]
    fn memory_is_bounded() {
        let sampler = Sampler::default();
        for embed in 0..MOST_EMBEDS + 50 {
            assert_eq!(sampler.weight(&embed.to_string(), Timestamp::from_millis(0), 1), 1);
        }
        assert_eq!(sampler.0.lock().unwrap().len(), MOST_EMBEDS);
    }
}
