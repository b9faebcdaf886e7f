//! The rules of a policy as administrators send them: judged before they are stored.

use serde_json::{Map, Value, json};

use super::policies::{AppliesTo, Enforcement, RuleMatch, RuleType, detector};
use crate::http::body::{Member, expected_one_of};

/// Rules of one policy.
pub(super) const MOST_RULES: usize = 20;
/// Longest id of a rule, in characters.
const LONGEST_ID: usize = 64;
/// Longest action, in characters.
const LONGEST_ACTION: usize = 100;

/// A rule that was judged, as it is stored.
#[derive(Debug, Clone)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub(crate) struct RuleIn {
    /// Unique within the policy; one is given if absent.
    #[cfg_attr(not(target_arch = "wasm32"), schema(max_length = 64))]
    pub(super) id: Option<String>,
    r#type: RuleType,
    r#match: RuleMatch,
    /// For `regex` an expression without look-around and back references; for `keyword` words or phrases between
    /// commas, with `*` for the rest of a word. 1 to 200 characters.
    #[cfg_attr(not(target_arch = "wasm32"), schema(max_length = 200))]
    pattern: Option<String>,
    /// One, or several as an array.
    applies_to: Vec<AppliesTo>,
    /// If absent, what the type says: redact masks, restrict blocks, handoff hands over.
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Enforcement>))]
    enforcement: Enforcement,
    /// What else is asked for, in the policy's own words, such as `notify_front_desk`.
    #[cfg_attr(not(target_arch = "wasm32"), schema(max_length = 100))]
    action: Option<String>,
    /// A single place was sent as a text, and is answered so.
    #[cfg_attr(not(target_arch = "wasm32"), schema(ignore))]
    is_single: bool,
}

impl RuleIn {
    /// As it is stored and answered.
    fn stored(&self, id: &str) -> Value {
        let places: Vec<&str> = self.applies_to.iter().map(|place| place.as_str()).collect();
        let mut stored = json!({
            "id": id,
            "type": self.r#type,
            "match": self.r#match,
            "applies_to": if self.is_single { json!(places.first()) } else { json!(places) },
            "enforcement": self.enforcement,
        });
        for (name, value) in [("pattern", &self.pattern), ("action", &self.action)] {
            if let (Some(stored), Some(value)) = (stored.as_object_mut(), value) {
                stored.insert(name.to_owned(), json!(value));
            }
        }
        stored
    }
}

/// All rules of a policy as they are stored; the error says what is wrong with them.
pub(super) fn stored_rules(rules: &[RuleIn]) -> Result<Vec<Value>, String> {
    if rules.len() > MOST_RULES {
        return Err(format!("must have at most {MOST_RULES} entries"));
    }
    let mut ids: Vec<String> = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        let id = rule.id.clone().unwrap_or_else(|| format!("rule_{}", at + 1));
        if ids.contains(&id) {
            return Err(format!("has two entries with the \"id\" \"{id}\""));
        }
        ids.push(id);
    }
    Ok(rules.iter().zip(&ids).map(|(rule, id)| rule.stored(id)).collect())
}

impl Member for RuleIn {
    fn from_member(value: Value) -> Result<Self, String> {
        let Value::Object(mut members) = value else { return Err("is no object".to_owned()) };
        let r#type = choice(&members, "type", RuleType::ALL, RuleType::parse)?
            .ok_or_else(|| wants("type", RuleType::ALL))?;
        let r#match = choice(&members, "match", RuleMatch::ALL, RuleMatch::parse)?
            .ok_or_else(|| wants("match", RuleMatch::ALL))?;
        let enforcement = choice(&members, "enforcement", Enforcement::ALL, Enforcement::parse)?;
        let pattern = text(&members, "pattern", super::detection::LONGEST_PATTERN)?;
        let takes_pattern = matches!(r#match, RuleMatch::Regex | RuleMatch::Keyword);
        match (&pattern, takes_pattern) {
            (None, true) => {
                return Err(format!("has no \"pattern\", which \"{}\" needs", r#match.as_str()));
            }
            (Some(_), false) => {
                return Err(format!(
                    "has a \"pattern\", which \"{}\" does not take",
                    r#match.as_str()
                ));
            }
            _ => {}
        }
        if let Some(pattern) = &pattern {
            detector(r#match, pattern)
                .map_err(|wrong| format!("has a \"pattern\" that {wrong}"))?;
        }
        let (applies_to, is_single) = places(members.remove("applies_to"))?;
        let id = text(&members, "id", LONGEST_ID)?;
        Ok(Self {
            id,
            r#type,
            r#match,
            pattern,
            applies_to,
            enforcement: enforcement.unwrap_or_else(|| Enforcement::of(r#type)),
            action: text(&members, "action", LONGEST_ACTION)?,
            is_single,
        })
    }
}

fn wants(name: &str, all: &[&str]) -> String {
    format!("has no \"{name}\": it {}", expected_one_of(all))
}

fn choice<T>(
    members: &Map<String, Value>,
    name: &str,
    all: &[&str],
    parse: fn(&str) -> Option<T>,
) -> Result<Option<T>, String> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_str()
            .and_then(parse)
            .map(Some)
            .ok_or_else(|| format!("has a \"{name}\" that {}", expected_one_of(all))),
    }
}

/// One line of text; an empty one is none.
fn text(members: &Map<String, Value>, name: &str, most: usize) -> Result<Option<String>, String> {
    let value = match members.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => {
            value.as_str().ok_or_else(|| format!("has a \"{name}\" that must be a text"))?.trim()
        }
    };
    if value.chars().nth(most).is_some() || value.chars().any(char::is_control) {
        return Err(format!("has a \"{name}\" that must be one line of at most {most} characters"));
    }
    Ok((!value.is_empty()).then(|| value.to_owned()))
}

fn places(value: Option<Value>) -> Result<(Vec<AppliesTo>, bool), String> {
    let expected = || {
        format!(
            "has an \"applies_to\" that {}, or an array of these",
            expected_one_of(AppliesTo::ALL)
        )
    };
    let (values, is_single) = match value {
        None | Some(Value::Null) => {
            return Err(format!(
                "has no \"applies_to\": it {}, or be an array of these",
                expected_one_of(AppliesTo::ALL)
            ));
        }
        Some(Value::Array(values)) => (values, false),
        Some(value) => (vec![value], true),
    };
    let mut places: Vec<AppliesTo> = Vec::new();
    for value in values {
        let place = value.as_str().and_then(AppliesTo::parse).ok_or_else(expected)?;
        if !places.contains(&place) {
            places.push(place);
        }
    }
    if places.is_empty() { Err(expected()) } else { Ok((places, is_single)) }
}
