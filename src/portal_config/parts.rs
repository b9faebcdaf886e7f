//! The four parts of a configuration: their defaults, and what each may hold.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::error::Result;
use crate::http::body::{Change, FromBody, Lines, Member, Members, Text, Whole, invalid, nested};
use crate::origin::is_https_url;
use crate::{body, choice};

/// Most cards.
const MOST_CARDS: usize = 50;
/// Longest `settings`, in bytes of JSON.
const LONGEST_SETTINGS: usize = 32 * 1024;

choice! {
    /// A part of the portal that can be shown.
    pub enum Module {
        /// Figures.
        Overview = "overview",
        /// Sites.
        Engines = "engines",
        /// Flows at work.
        Workflows = "workflows",
        /// Knowledge.
        Knowledge = "knowledge",
        /// Connections.
        Integrations = "integrations",
        /// Results.
        Outcomes = "outcomes",
        /// Trends.
        Insights = "insights",
        /// Members.
        Team = "team",
    }
}

/// A part of the configuration, in the order of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Branding,
    EnabledModules,
    CustomCards,
    Settings,
}

impl Part {
    pub(super) const ALL: [Self; 4] =
        [Self::Branding, Self::EnabledModules, Self::CustomCards, Self::Settings];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Branding => "branding",
            Self::EnabledModules => "enabled_modules",
            Self::CustomCards => "custom_cards",
            Self::Settings => "settings",
        }
    }

    /// What an org has that never set it.
    pub(super) fn default(self) -> Value {
        match self {
            Self::Branding => {
                json!({"logo_url": null, "primary_color": "#f97316", "company_name": null})
            }
            Self::EnabledModules => json!(["overview", "engines", "workflows", "insights", "team"]),
            Self::CustomCards => json!([]),
            Self::Settings => json!({}),
        }
    }

    /// What is stored, or the default where that is none of its kind.
    pub(super) fn stored_or_default(self, stored: Value) -> Value {
        let fits = match self {
            Self::Branding | Self::Settings => stored.is_object(),
            Self::EnabledModules => {
                stored.as_array().is_some_and(|modules| modules.iter().all(Value::is_string))
            }
            Self::CustomCards => stored.is_array(),
        };
        if fits { stored } else { self.default() }
    }

    fn judge(self, value: Value) -> Result<Value, String> {
        match self {
            Self::Branding => branding(value),
            Self::EnabledModules => modules(value),
            Self::CustomCards => cards(value),
            Self::Settings => settings(value),
        }
    }
}

/// The parts of a body, judged: absent ones stay, `null` goes back to the default.
#[derive(Debug)]
pub struct Parts(pub(super) [(Part, Change<Value>); 4]);

impl FromBody for Parts {
    fn from_members(mut members: Members) -> Result<Self> {
        let mut read = |part: Part| -> Result<(Part, Change<Value>)> {
            let change = match members.remove(part.name()) {
                None => Change::Keep,
                Some(Value::Null) => Change::Clear,
                Some(value) => Change::Set(
                    part.judge(value).map_err(|expected| invalid(part.name(), &expected))?,
                ),
            };
            Ok((part, change))
        };
        let [a, b, c, d] = Part::ALL;
        Ok(Self([read(a)?, read(b)?, read(c)?, read(d)?]))
    }
}

body! {
    /// Branding. Absent members are `null`.
    pub struct BrandingIn {
        /// An https address.
        logo_url as "logo_url": Option<Text<0, 2_048>>,
        /// `#` and six hexadecimal digits.
        primary_color as "primary_color": Option<Text<0, 7>>,
        company_name as "company_name": Option<Text<0, 200>>,
    }
}

body! {
    /// A card of the portal's home.
    pub struct CardIn {
        id as "id": Text<1, 100>,
        title as "title": Text<1, 200>,
        value as "value": Text<0, 500>,
        note as "note": Option<Lines<0, 500>>,
        order as "order": Whole<-1_000_000, 1_000_000>,
    }
}

/// What `PATCH /portal/config` takes, for the API's document; [`Parts`] reads it.
#[cfg(not(target_arch = "wasm32"))]
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "its fields are read by the derive")]
pub struct PortalConfigPatch {
    /// Absent: stays. `null`: the default.
    branding: Option<BrandingIn>,
    /// Without repeats. Absent: stays. `null`: the default.
    enabled_modules: Option<Vec<Module>>,
    /// At most 50. Absent: stays. `null`: none.
    custom_cards: Option<Vec<CardIn>>,
    /// At most 32 KiB as JSON. Absent: stays. `null`: empty.
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
}

#[derive(Serialize)]
struct Branding {
    logo_url: Option<String>,
    primary_color: Option<String>,
    company_name: Option<String>,
}

fn branding(value: Value) -> Result<Value, String> {
    let read: BrandingIn = nested(value)?;
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    let branding = Branding {
        logo_url: text(read.logo_url.map(|url| url.0)),
        primary_color: text(read.primary_color.map(|color| color.0)),
        company_name: text(read.company_name.map(|name| name.0)),
    };
    if branding.logo_url.as_deref().is_some_and(|url| !is_https_url(url)) {
        return Err("has a \"logo_url\" that must be an https address".to_owned());
    }
    if branding.primary_color.as_deref().is_some_and(|color| !is_color(color)) {
        return Err("has a \"primary_color\" that must be # and six hexadecimal digits".to_owned());
    }
    Ok(json!(branding))
}

/// `#` and six hexadecimal digits.
pub(crate) fn is_color(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn modules(value: Value) -> Result<Value, String> {
    let modules = Vec::<Module>::from_member(value)?;
    let repeats = modules
        .iter()
        .enumerate()
        .any(|(at, module)| modules.iter().take(at).any(|before| before == module));
    if repeats {
        return Err("must not name a module twice".to_owned());
    }
    Ok(json!(modules))
}

#[derive(Serialize)]
struct Card {
    id: String,
    title: String,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    order: i64,
}

fn cards(value: Value) -> Result<Value, String> {
    let Value::Array(items) = value else { return Err("must be an array".to_owned()) };
    if items.len() > MOST_CARDS {
        return Err(format!("must have at most {MOST_CARDS} cards"));
    }
    let read = |item| {
        let card: CardIn = nested(item).map_err(|why| format!("has a card that {why}"))?;
        Ok(Card {
            id: card.id.0,
            title: card.title.0,
            value: card.value.0,
            note: card.note.map(|note| note.0).filter(|note| !note.is_empty()),
            order: card.order.0,
        })
    };
    let cards = items.into_iter().map(read).collect::<Result<Vec<Card>, String>>()?;
    Ok(json!(cards))
}

fn settings(value: Value) -> Result<Value, String> {
    let settings = Map::from_member(value)?;
    let length = serde_json::to_vec(&settings).map_or(usize::MAX, |json| json.len());
    if length > LONGEST_SETTINGS {
        return Err("must have at most 32 KiB as JSON".to_owned());
    }
    Ok(Value::Object(settings))
}
