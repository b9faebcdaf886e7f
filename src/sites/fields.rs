//! What a body says of a site, judged.

use serde_json::{Map, Value};

use super::pages::judge_origins;
use super::store::SiteDetailOut;
use crate::chat::settings::validate_conversation_config;
use crate::clients::elevenlabs::ProviderId;
use crate::config::Environment;
use crate::error::Result;
use crate::http::body::{Change, Lines, Text, invalid};
use crate::models::setting;
use crate::origin::Origin;
use crate::{body, choice};

/// Longest `config`, in bytes of JSON.
const LONGEST_CONFIG: usize = 32 * 1024;

choice! {
    /// What answers there.
    pub enum SiteType {
        /// A chat in a web page.
        Chatbot = "chatbot",
        /// A telephone or voice line.
        Voice = "voice",
        /// Work without a conversation.
        Automation = "automation",
    }
}

choice! {
    /// Whether a site answers.
    pub enum SiteStatus {
        /// It does.
        Active = "active",
        /// Stopped for a while.
        Paused = "paused",
        /// Stopped.
        Inactive = "inactive",
    }
}

body! {
    /// A new site. Its key is made by the server.
    pub struct SiteIn {
        name as "name": Text<1, 200>,
        /// `chatbot` if absent.
        kind as "type": Option<SiteType>,
        /// A host name, such as `www.example.com`.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Text<0, 253>>))]
        domain as "domain": Change<Text<0, 253>>,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Lines<0, 20_000>>))]
        system_prompt as "systemPrompt": Change<Lines<0, 20_000>>,
        /// Its member `models` says which models answer, in their order.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Object>))]
        config as "config": Change<Map<String, Value>>,
        /// Origins of the pages that may talk to it, such as `https://*.example.com`.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Vec<String>>))]
        allowed_origins as "allowedOrigins": Change<Vec<Text<1, 300>>>,
        /// The origin whose pages reach it without its key; of one site only.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Text<0, 300>>))]
        keyless_origin as "keylessOrigin": Change<Text<0, 300>>,
        /// Ids of voices and agents in the platform's account that it may use with the platform's key; staff alone.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Vec<String>>))]
        assigned_voices as "assignedVoices": Change<Vec<Text<1, 64>>>,
        /// Write-only.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Text<0, 500>>))]
        google_api_key as "googleApiKey": Change<Text<0, 500>>,
        /// Write-only.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Text<0, 500>>))]
        openai_api_key as "openaiApiKey": Change<Text<0, 500>>,
        /// Write-only.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Text<0, 500>>))]
        elevenlabs_api_key as "elevenlabsApiKey": Change<Text<0, 500>>,
    }
}

body! {
    /// Changes to a site: what is absent stays.
    pub struct SitePatch {
        name as "name": Option<Text<1, 200>>,
        kind as "type": Option<SiteType>,
        status as "status": Option<SiteStatus>,
        /// A host name, such as `www.example.com`.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Text<0, 253>>))]
        domain as "domain": Change<Text<0, 253>>,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Lines<0, 20_000>>))]
        system_prompt as "systemPrompt": Change<Lines<0, 20_000>>,
        /// Its member `models` says which models answer, in their order.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Object>))]
        config as "config": Change<Map<String, Value>>,
        /// Origins of the pages that may talk to it, such as `https://*.example.com`.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Vec<String>>))]
        allowed_origins as "allowedOrigins": Change<Vec<Text<1, 300>>>,
        /// The origin whose pages reach it without its key; of one site only.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Text<0, 300>>))]
        keyless_origin as "keylessOrigin": Change<Text<0, 300>>,
        /// Ids of voices and agents in the platform's account that it may use with the platform's key; staff alone.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Vec<String>>))]
        assigned_voices as "assignedVoices": Change<Vec<Text<1, 64>>>,
        /// Write-only: `null` or an empty text removes it.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Text<0, 500>>))]
        google_api_key as "googleApiKey": Change<Text<0, 500>>,
        /// Write-only: `null` or an empty text removes it.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Text<0, 500>>))]
        openai_api_key as "openaiApiKey": Change<Text<0, 500>>,
        /// Write-only: `null` or an empty text removes it.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Text<0, 500>>))]
        elevenlabs_api_key as "elevenlabsApiKey": Change<Text<0, 500>>,
    }
}

impl From<SiteIn> for SitePatch {
    fn from(site: SiteIn) -> Self {
        Self {
            name: Some(site.name),
            kind: site.kind,
            status: None,
            domain: site.domain,
            system_prompt: site.system_prompt,
            config: site.config,
            allowed_origins: site.allowed_origins,
            keyless_origin: site.keyless_origin,
            assigned_voices: site.assigned_voices,
            google_api_key: site.google_api_key,
            openai_api_key: site.openai_api_key,
            elevenlabs_api_key: site.elevenlabs_api_key,
        }
    }
}

/// A judged body. Keys of providers are in clear here, and on their way to the vault.
pub(super) struct Fields {
    pub(super) name: Option<String>,
    pub(super) kind: Option<SiteType>,
    pub(super) status: Option<SiteStatus>,
    pub(super) domain: Change<String>,
    pub(super) system_prompt: Change<String>,
    pub(super) config: Change<Map<String, Value>>,
    pub(super) allowed_origins: Change<Vec<String>>,
    pub(super) keyless_origin: Change<String>,
    pub(super) assigned_voices: Change<Vec<String>>,
    pub(super) google_api_key: Change<String>,
    pub(super) openai_api_key: Change<String>,
    pub(super) elevenlabs_api_key: Change<String>,
}

impl Fields {
    /// Judges what the types alone do not.
    pub(super) fn judge(body: SitePatch, environment: Environment) -> Result<Self> {
        Ok(Self {
            name: body.name.map(|name| name.0),
            kind: body.kind,
            status: body.status,
            domain: judged(text(body.domain), |domain| host("domain", &domain))?,
            system_prompt: text(body.system_prompt),
            config: judged(body.config, |members| config(members, environment))?,
            allowed_origins: judged(body.allowed_origins, judge_origins)?,
            keyless_origin: judged(text(body.keyless_origin), |text| {
                origin("keylessOrigin", &text)
            })?,
            assigned_voices: judged(body.assigned_voices, judge_assigned)?,
            google_api_key: judged(text(body.google_api_key), |text| key("googleApiKey", text))?,
            openai_api_key: judged(text(body.openai_api_key), |text| key("openaiApiKey", text))?,
            elevenlabs_api_key: judged(text(body.elevenlabs_api_key), |text| {
                key("elevenlabsApiKey", text)
            })?,
        })
    }

    /// Whether staff alone may make one of these changes. Whoever answers the pages of an origin without a key reads what
    /// their visitors write, and nothing proves whose pages they are; and a voice of the platform's account may be another
    /// customer's.
    pub(super) fn needs_staff(&self, changed: &[&str]) -> bool {
        (self.keyless_origin.value().is_some() && changed.contains(&"keylessOrigin"))
            || changed.contains(&"assignedVoices")
    }

    /// The same for a new site.
    pub(super) fn needs_staff_at_first(&self) -> bool {
        self.keyless_origin.value().is_some() || self.assigned_voices.value().is_some()
    }

    /// Names of the members that differ from what the site has.
    pub(super) fn changed(&self, site: &SiteDetailOut) -> Vec<&'static str> {
        let kind = self.kind.map(SiteType::as_str);
        let status = self.status.map(SiteStatus::as_str);
        let members = [
            ("name", self.name.as_ref().is_some_and(|name| *name != site.name)),
            ("type", kind.is_some() && kind != site.r#type.as_deref()),
            ("status", status.is_some() && status != site.status.as_deref()),
            ("domain", differs(&self.domain, site.domain.as_ref())),
            ("systemPrompt", differs(&self.system_prompt, site.system_prompt.as_ref())),
            (
                "config",
                differs(&self.config, Some(&site.config).filter(|config| !config.is_empty())),
            ),
            (
                "allowedOrigins",
                differs(
                    &self.allowed_origins,
                    Some(&site.allowed_origins).filter(|origins| !origins.is_empty()),
                ),
            ),
            ("keylessOrigin", differs(&self.keyless_origin, site.keyless_origin.as_ref())),
            (
                "assignedVoices",
                differs(
                    &self.assigned_voices,
                    Some(&site.assigned_voices).filter(|voices| !voices.is_empty()),
                ),
            ),
            // What is stored is not read: a key that is sent counts as another one.
            ("googleApiKey", key_differs(&self.google_api_key, site.has_google_key)),
            ("openaiApiKey", key_differs(&self.openai_api_key, site.has_openai_key)),
            ("elevenlabsApiKey", key_differs(&self.elevenlabs_api_key, site.has_elevenlabs_key)),
        ];
        members.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

fn differs<T: PartialEq>(change: &Change<T>, present: Option<&T>) -> bool {
    change.is_change() && change.value() != present
}

fn key_differs(change: &Change<String>, present: bool) -> bool {
    change.value().is_some() || (change.is_change() && present)
}

/// An empty text is none.
fn text(change: Change<impl Into<String>>) -> Change<String> {
    match change {
        Change::Keep => Change::Keep,
        Change::Clear => Change::Clear,
        Change::Set(text) => {
            let text: String = text.into();
            if text.is_empty() { Change::Clear } else { Change::Set(text) }
        }
    }
}

/// A key of a provider, which goes into a header.
fn key(name: &str, text: String) -> Result<String> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text);
    }
    Err(invalid(name, "must be a key: visible ASCII characters without blanks"))
}

fn judged<T, U>(change: Change<T>, judge: impl FnOnce(T) -> Result<U>) -> Result<Change<U>> {
    Ok(match change {
        Change::Keep => Change::Keep,
        Change::Clear => Change::Clear,
        Change::Set(value) => Change::Set(judge(value)?),
    })
}

/// A host name without scheme, port or path.
fn host(name: &str, text: &str) -> Result<String> {
    let is_host = !text.contains([':', '/']) && Origin::parse(&format!("https://{text}")).is_some();
    if !is_host {
        return Err(invalid(name, "must be a host name such as www.example.com"));
    }
    Ok(text.to_ascii_lowercase())
}

/// An origin as browsers write it, since pages are looked up by its text.
fn origin(name: &str, text: &str) -> Result<String> {
    let origin = Origin::parse(text.strip_suffix('/').unwrap_or(text));
    origin
        .map(|origin| origin.to_string())
        .ok_or_else(|| invalid(name, "must be an origin such as https://www.example.com"))
}

/// Ids as the provider of the voice has them.
fn judge_assigned(ids: Vec<Text<1, 64>>) -> Result<Vec<String>> {
    const MOST: usize = 50;
    if ids.len() > MOST || !ids.iter().all(|id| ProviderId::parse(id.as_str()).is_some()) {
        return Err(invalid(
            "assignedVoices",
            &format!("must have at most {MOST} entries, each of 1 to 64 letters, digits, _ or -"),
        ));
    }
    Ok(ids.into_iter().map(String::from).collect())
}

fn config(config: Map<String, Value>, environment: Environment) -> Result<Map<String, Value>> {
    let length = serde_json::to_vec(&config).map_or(usize::MAX, |json| json.len());
    if length > LONGEST_CONFIG {
        return Err(invalid("config", "must have at most 32 KiB as JSON"));
    }
    setting::judge(&config, environment)?;
    validate_conversation_config(&config)?;
    crate::voice::judge_setting(&config)?;
    Ok(config)
}
