//! How a widget looks and behaves: the fields of a profile, what each may hold, and its default.
//!
//! A profile stores what its org has set; what it has not, or what does not fit, is the default. The values end up
//! in styles and markup of other people's pages, so that none may hold what would end a declaration or a tag.

use serde_json::{Map, Value, json};

use crate::error::Result;
use crate::http::body::{expected_one_of, invalid};
use crate::portal_config::parts::is_color;

/// The form of profiles that this code writes; builds of the widget say which they read.
pub(super) const PROFILE_VERSION: i64 = 1;
/// Most entries of a list.
const MOST_ENTRIES: usize = 20;
/// Longest radius of corners, in pixels.
const LARGEST_RADIUS_PX: u32 = 64;

/// What a field may hold.
enum Kind {
    /// `#` and six hexadecimal digits.
    Color,
    /// Names of fonts.
    Font,
    /// `16px`.
    Radius,
    /// One of these.
    OneOf(&'static [&'static str]),
    Flag,
    /// A whole number from one to the other.
    Whole(i64, i64),
    /// One line of at most so many characters, and at least one.
    Line(usize),
    /// Such lines.
    Lines(usize),
    /// Names of events.
    Events,
}

/// A field with its default.
struct Field {
    name: &'static str,
    kind: Kind,
    default: fn() -> Value,
}

/// A part of a profile, in the order of its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Theme,
    Behavior,
    Locale,
    Analytics,
}

macro_rules! fields {
    ($($name:literal: $kind:expr, $default:tt;)*) => {
        &[$(Field { name: $name, kind: $kind, default: || json!($default) }),*]
    };
}

const THEME: &[Field] = fields! {
    "position": Kind::OneOf(&["bottom-right", "bottom-left", "top-right", "top-left"]), "bottom-right";
    "primaryColor": Kind::Color, "#f97316";
    "fontFamily": Kind::Font, "system-ui";
    "borderRadius": Kind::Radius, "16px";
    "headerText": Kind::Line(80), "Chat with us";
    "placeholderText": Kind::Line(80), "Type a message...";
    "sendButtonIcon": Kind::OneOf(&["send", "arrow", "plane", "chat"]), "send";
    "showBranding": Kind::Flag, true;
    "darkMode": Kind::OneOf(&["auto", "light", "dark"]), "auto";
};
const BEHAVIOR: &[Field] = fields! {
    "autoOpen": Kind::Flag, false;
    "autoOpenDelay": Kind::Whole(0, 600_000), 5_000;
    "triggerMessages": Kind::Lines(200), [];
    "persistSession": Kind::Flag, true;
    "sessionTimeout": Kind::Whole(60_000, 604_800_000), 3_600_000;
    "showTypingIndicator": Kind::Flag, true;
    "enableSounds": Kind::Flag, false;
    "enableAttachments": Kind::Flag, false;
    "maxMessageLength": Kind::Whole(1, 5_000), 2_000;
};
const LOCALE: &[Field] = fields! {
    "greeting": Kind::Line(500), "Hi! How can we help you today?";
    "offlineMessage": Kind::Line(500), "We are offline right now. Leave a message and we will get back to you.";
    "errorMessage": Kind::Line(500), "Something went wrong. Please try again.";
    "sendLabel": Kind::Line(40), "Send";
    "minimizeLabel": Kind::Line(40), "Minimize";
};
const ANALYTICS: &[Field] = fields! {
    "trackEvents": Kind::Flag, true;
    "trackConversions": Kind::Flag, true;
    "customEvents": Kind::Events, [];
};

impl Section {
    pub(super) const ALL: [Self; 4] = [Self::Theme, Self::Behavior, Self::Locale, Self::Analytics];

    /// Its member and its column.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Theme => "theme",
            Self::Behavior => "behavior",
            Self::Locale => "locale",
            Self::Analytics => "analytics",
        }
    }

    fn fields(self) -> &'static [Field] {
        match self {
            Self::Theme => THEME,
            Self::Behavior => BEHAVIOR,
            Self::Locale => LOCALE,
            Self::Analytics => ANALYTICS,
        }
    }

    /// Every field: as stored where that fits, else its default.
    pub(super) fn whole(self, stored: &Map<String, Value>) -> Map<String, Value> {
        let value = |field: &Field| {
            let stored = stored.get(field.name).and_then(|value| field.judge(value).ok());
            (field.name.to_owned(), stored.unwrap_or_else(field.default))
        };
        self.fields().iter().map(value).collect()
    }

    /// A change to some fields, judged: a merge patch (RFC 7396), where null brings the default back. Of the section
    /// as a whole, null is that for each field.
    pub(super) fn patch(self, change: Value) -> Result<Map<String, Value>> {
        let refused = |expected: &str| invalid(self.name(), expected);
        let changes = match change {
            Value::Null => {
                let nulls = self.fields().iter().map(|field| (field.name.to_owned(), Value::Null));
                return Ok(nulls.collect());
            }
            Value::Object(changes) => changes,
            _ => return Err(refused("must be an object")),
        };
        let mut patch = Map::new();
        for (name, value) in changes {
            let field = self.fields().iter().find(|field| field.name == name);
            let Some(field) = field else {
                let names: Vec<&str> = self.fields().iter().map(|field| field.name).collect();
                return Err(refused(&format!(
                    "has a field that it does not know; its fields are {}",
                    names.join(", ")
                )));
            };
            let judged = match value {
                Value::Null => Value::Null,
                value => field.judge(&value).map_err(|expected| {
                    invalid(&format!("{}.{}", self.name(), field.name), &expected)
                })?,
            };
            patch.insert(name, judged);
        }
        Ok(patch)
    }
}

impl Field {
    /// The value as it is stored.
    fn judge(&self, value: &Value) -> Result<Value, String> {
        match self.kind {
            Kind::Color => text(value, is_color, "must be # and six hexadecimal digits"),
            Kind::Font => text(
                value,
                is_font,
                "must be names of fonts: letters, digits, blanks, hyphens, and commas between them",
            ),
            Kind::Radius => text(value, is_radius, "must be pixels from 0px to 64px"),
            Kind::OneOf(texts) => {
                text(value, |text| texts.contains(&text), &expected_one_of(texts))
            }
            Kind::Flag => {
                value.as_bool().map(Value::from).ok_or_else(|| "must be true or false".to_owned())
            }
            Kind::Whole(least, most) => value
                .as_i64()
                .filter(|number| (least..=most).contains(number))
                .map(Value::from)
                .ok_or_else(|| format!("must be a whole number from {least} to {most}")),
            Kind::Line(most) => line(value, most).map(Value::from),
            Kind::Lines(most) => list(value, |entry| line(entry, most)),
            Kind::Events => list(value, |entry| {
                entry.as_str().filter(|name| is_event_name(name)).map(str::to_owned).ok_or_else(
                    || {
                        "must be a small letter, then up to 39 small letters, digits and _"
                            .to_owned()
                    },
                )
            }),
        }
    }
}

fn text(value: &Value, fits: impl FnOnce(&str) -> bool, expected: &str) -> Result<Value, String> {
    let text = value.as_str().filter(|text| fits(text));
    text.map(Value::from).ok_or_else(|| expected.to_owned())
}

/// Names of fonts without quotes, which need none.
fn is_font(text: &str) -> bool {
    let is_name = |name: &str| {
        let name = name.trim_matches(' ');
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'-'))
    };
    text.len() <= 120 && text.split(',').all(is_name)
}

fn is_radius(text: &str) -> bool {
    let digits = text.strip_suffix("px").filter(|digits| (1..=2).contains(&digits.len()));
    let is_plain = |digits: &&str| digits.bytes().all(|b| b.is_ascii_digit());
    let pixels = digits.filter(is_plain).and_then(|digits| digits.parse::<u32>().ok());
    pixels.is_some_and(|pixels| pixels <= LARGEST_RADIUS_PX)
}

/// A line that ends neither a tag nor an attribute, and hides nothing.
fn line(value: &Value, most: usize) -> Result<String, String> {
    let text = value.as_str().ok_or("must be a text")?.trim();
    if !(1..=most).contains(&text.chars().count()) {
        return Err(format!("must have 1 to {most} characters"));
    }
    let is_odd = |c: char| c.is_control() || is_direction(c) || "<>\"`\\".contains(c);
    if text.contains(is_odd) {
        return Err("must be one line without < > \" ` \\ and control characters".to_owned());
    }
    Ok(text.to_owned())
}

/// Marks that turn the direction of what follows (Unicode, "bidirectional formatting characters").
fn is_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// At most 20 entries, none twice.
fn list(value: &Value, judge: impl Fn(&Value) -> Result<String, String>) -> Result<Value, String> {
    let entries = value.as_array().ok_or("must be an array")?;
    if entries.len() > MOST_ENTRIES {
        return Err(format!("must have at most {MOST_ENTRIES} entries"));
    }
    let mut judged: Vec<String> = Vec::with_capacity(entries.len());
    for entry in entries {
        let entry = judge(entry).map_err(|expected| format!("has an entry that {expected}"))?;
        if judged.contains(&entry) {
            return Err("must not have an entry twice".to_owned());
        }
        judged.push(entry);
    }
    Ok(Value::from(judged))
}

/// Names of events are few and plain: each is a row a day.
pub(super) fn is_event_name(name: &str) -> bool {
    name.len() <= 40
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(section: Section, change: Value) -> Option<String> {
        section.patch(change).err().map(|error| error.public_hint().unwrap_or_default().to_owned())
    }

    #[test]
    fn every_default_is_a_value_that_may_be_set() {
        for section in Section::ALL {
            let defaults = section.whole(&Map::new());
            assert_eq!(section.patch(Value::Object(defaults.clone())).unwrap(), defaults);
        }
    }

    #[test]
    fn what_is_stored_and_fits_replaces_the_default() {
        let stored = json!({
            "primaryColor": "#0EA5E9", "borderRadius": "expression(1)", "headerText": "</style>", "unknown": 1,
            "showBranding": "yes", "position": "top-left",
        });
        let theme = Section::Theme.whole(stored.as_object().unwrap());
        assert_eq!(theme["primaryColor"], "#0EA5E9");
        assert_eq!(theme["position"], "top-left");
        assert_eq!(theme["borderRadius"], "16px");
        assert_eq!(theme["headerText"], "Chat with us");
        assert_eq!(theme["showBranding"], true);
        assert!(!theme.contains_key("unknown"));
    }

    #[test]
    fn nothing_ends_a_declaration_or_a_tag() {
        for change in [
            json!({"primaryColor": "red"}),
            json!({"primaryColor": "#f973161"}),
            json!({"primaryColor": "#f97316;background:url(//evil)"}),
            json!({"primaryColor": "#ggg000"}),
            json!({"fontFamily": "x;} body{display:none"}),
            json!({"fontFamily": "a, , b"}),
            json!({"fontFamily": "\"Inter\""}),
            json!({"fontFamily": "url(x)"}),
            json!({"fontFamily": "9px"}),
            json!({"fontFamily": "x".repeat(121)}),
            json!({"borderRadius": "16"}),
            json!({"borderRadius": "65px"}),
            json!({"borderRadius": "+1px"}),
            json!({"borderRadius": "1 px"}),
            json!({"borderRadius": "999px"}),
            json!({"borderRadius": "-1px"}),
            json!({"borderRadius": "calc(1px)"}),
            json!({"borderRadius": 16}),
            json!({"headerText": "<img src=x onerror=alert(1)>"}),
            json!({"headerText": "\" onfocus=\"alert(1)"}),
            json!({"headerText": "a\u{202E}b"}),
            json!({"headerText": "a\nb"}),
            json!({"headerText": " "}),
            json!({"headerText": "x".repeat(81)}),
            json!({"position": "center"}),
            json!({"darkMode": true}),
            json!({"showBranding": 1}),
            json!({"sendButtonIcon": "<svg/>"}),
            json!({"primarycolor": "#f97316"}),
            json!("#f97316"),
        ] {
            assert!(refusal(Section::Theme, change.clone()).is_some(), "{change}");
        }
        for change in [
            json!({"fontFamily": "Open Sans, Helvetica Neue, sans-serif"}),
            json!({"borderRadius": "0px"}),
            json!({"borderRadius": "64px"}),
            json!({"headerText": "Fragen? Wir sind für Sie da – it's free!"}),
        ] {
            assert_eq!(refusal(Section::Theme, change.clone()), None, "{change}");
        }
    }

    #[test]
    fn numbers_and_lists_are_bounded() {
        for (section, change) in [
            (Section::Behavior, json!({"autoOpenDelay": -1})),
            (Section::Behavior, json!({"autoOpenDelay": 1.5})),
            (Section::Behavior, json!({"sessionTimeout": 0})),
            (Section::Behavior, json!({"maxMessageLength": 5_001})),
            (Section::Behavior, json!({"triggerMessages": "Hi"})),
            (Section::Behavior, json!({"triggerMessages": ["<b>"]})),
            (Section::Behavior, json!({"triggerMessages": vec!["x"; 21]})),
            (Section::Analytics, json!({"customEvents": ["Bad Name"]})),
            (Section::Analytics, json!({"customEvents": ["a", "a"]})),
            (Section::Analytics, json!({"customEvents": ["a".repeat(41)]})),
            (Section::Locale, json!({"greeting": ""})),
            (Section::Locale, json!({"sendLabel": "x".repeat(41)})),
        ] {
            assert!(refusal(section, change.clone()).is_some(), "{change}");
        }
        let told = refusal(Section::Behavior, json!({"autoOpenDelay": "soon"})).unwrap();
        assert_eq!(told, "\"behavior.autoOpenDelay\" must be a whole number from 0 to 600000.");
    }

    #[test]
    fn null_brings_the_default_back() {
        let patch = Section::Analytics.patch(json!({"trackEvents": null})).unwrap();
        assert_eq!(Value::Object(patch), json!({"trackEvents": null}));
        let patch = Section::Analytics.patch(Value::Null).unwrap();
        assert_eq!(patch.len(), 3);
    }
}
