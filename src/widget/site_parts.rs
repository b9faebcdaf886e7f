//! What of a site's own configuration its pages may read: starter prompts, office hours, the text for when nobody is
//! there, and the form for leads. Everything else in it, such as the prompt or an address for notifications, stays.
//!
//! A part that does not fit is left out. Texts are texts, never markup.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// Most starter prompts.
const MOST_PROMPTS: usize = 8;
/// Most intervals of a day.
const MOST_INTERVALS: usize = 6;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// What a form may ask for.
const LEAD_FIELDS: [&str; 5] = ["name", "email", "phone", "company", "message"];

/// The form that asks visitors how to reach them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct WidgetLeadFormOut {
    enabled: bool,
    title: Option<String>,
    text: Option<String>,
    /// What the visitor agrees to.
    consent_text: Option<String>,
    /// Of `name`, `email`, `phone`, `company` and `message`, in their order.
    fields: Vec<String>,
    /// Those of the fields that must be filled in.
    required: Vec<String>,
}

/// What visitors may ask with one click.
pub(super) fn starter_prompts(config: &Map<String, Value>) -> Vec<String> {
    let prompts = member(config, "starter_prompts", "starterPrompts").and_then(Value::as_array);
    let prompts = prompts.into_iter().flatten().filter_map(|prompt| text(prompt, 200));
    prompts.take(MOST_PROMPTS).collect()
}

/// What is said when nobody is there.
pub(super) fn away_text(config: &Map<String, Value>) -> Option<String> {
    text(member(config, "away_text", "awayText")?, 500)
}

/// `{"timezone": …, "days": {"mon": [["09:00", "17:00"]]}}`, or nothing.
pub(super) fn office_hours(config: &Map<String, Value>) -> Option<Value> {
    let hours = member(config, "office_hours", "officeHours")?.as_object()?;
    let timezone = hours.get("timezone")?.as_str().filter(|zone| is_zone(zone))?;
    let written = hours.get("days")?.as_object()?;
    let mut days = Map::new();
    for day in DAYS {
        if let Some(intervals) = written.get(day) {
            days.insert(day.to_owned(), intervals_of(intervals)?);
        }
    }
    Some(json!({ "timezone": timezone, "days": days }))
}

fn is_zone(zone: &str) -> bool {
    let is_plain =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'+' | b'-' | b':');
    (1..=64).contains(&zone.len()) && zone.bytes().all(is_plain)
}

fn intervals_of(value: &Value) -> Option<Value> {
    let pairs = value.as_array().filter(|pairs| pairs.len() <= MOST_INTERVALS)?;
    let is_pair = |pair: &Value| {
        let pair = pair.as_array().map(Vec::as_slice).unwrap_or_default();
        pair.len() == 2 && pair.iter().all(|time| time.as_str().is_some_and(is_time))
    };
    pairs.iter().all(is_pair).then(|| value.clone())
}

/// `HH:MM`.
fn is_time(text: &str) -> bool {
    let two = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    text.split_once(':').is_some_and(|(hours, minutes)| two(hours) && two(minutes))
}

/// The form, or nothing where the site has none.
pub(super) fn lead_form(config: &Map<String, Value>) -> Option<WidgetLeadFormOut> {
    let form = member(config, "lead_form", "leadForm")?.as_object()?;
    let line = |snake: &str, camel: &str, most: usize| text(member(form, snake, camel)?, most);
    let names = |name: &str| -> Vec<String> {
        let listed =
            form.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let is_listed = |field: &&str| listed.iter().any(|entry| entry.as_str() == Some(field));
        LEAD_FIELDS.into_iter().filter(is_listed).map(str::to_owned).collect()
    };
    let fields = names("fields");
    let required = names("required").into_iter().filter(|field| fields.contains(field)).collect();
    Some(WidgetLeadFormOut {
        enabled: form.get("enabled").and_then(Value::as_bool).unwrap_or(true),
        title: line("title", "title", 80),
        text: line("text", "text", 500),
        consent_text: line("consent_text", "consentText", 500),
        fields,
        required,
    })
}

/// A member by its name as it is stored, or as portal pages write it.
fn member<'a>(config: &'a Map<String, Value>, snake: &str, camel: &str) -> Option<&'a Value> {
    config.get(snake).or_else(|| config.get(camel))
}

/// A text of at most so many characters without control characters; nothing when there is none.
fn text(value: &Value, most: usize) -> Option<String> {
    let text: String = value.as_str()?.chars().filter(|c| !c.is_control()).take(most).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn public_parts_are_read_in_either_spelling() {
        let config = config(&json!({
            "starter_prompts": [" Prices? ", 7, "", "Opening\u{7} hours?", "x".repeat(300)],
            "awayText": "Back on Monday.",
            "office_hours": {"timezone": "Europe/Madrid", "days": {"mon": [["09:00", "17:00"]], "sun": []}, "pager": "555"},
            "lead_form": {"title": "Call me back", "consentText": "I agree.", "notify": "boss@a.example",
                          "fields": ["phone", "name", "ssn"], "required": ["name", "email"]},
        }));
        assert_eq!(starter_prompts(&config), ["Prices?", "Opening hours?", &"x".repeat(200)]);
        assert_eq!(away_text(&config).as_deref(), Some("Back on Monday."));
        assert_eq!(
            office_hours(&config),
            Some(
                json!({"timezone": "Europe/Madrid", "days": {"mon": [["09:00", "17:00"]], "sun": []}})
            )
        );
        let form = lead_form(&config).unwrap();
        assert_eq!(
            json!(form),
            json!({"enabled": true, "title": "Call me back", "text": null, "consentText": "I agree.",
                   "fields": ["name", "phone"], "required": ["name"]})
        );
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let nothing = config(&json!({
            "starter_prompts": "Prices?", "away_text": 7, "lead_form": true,
            "office_hours": {"timezone": "<b>", "days": {}},
        }));
        assert!(starter_prompts(&nothing).is_empty());
        assert_eq!(away_text(&nothing), None);
        assert_eq!((office_hours(&nothing), lead_form(&nothing)), (None, None));
        for days in [
            json!({"mon": [["9", "17:00"]]}),
            json!({"mon": [["09:00"]]}),
            json!({"mon": "all"}),
            json!(7),
        ] {
            let config = config(&json!({"office_hours": {"timezone": "UTC", "days": days}}));
            assert_eq!(office_hours(&config), None);
        }
        let many = config(&json!({"starter_prompts": vec!["?"; 9]}));
        assert_eq!(starter_prompts(&many).len(), 8);
    }
}
