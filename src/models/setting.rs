//! Which models a site asks, in which order and by whose key: the member `models` of its `config`.
//!
//! `[{"provider": "gemini", "model": "gemini-2.5-flash"}, {"provider": "openai", "model": "…", "baseUrl": "https://…"},
//! {"provider": "workers-ai", "model": "@cf/…"}, {"provider": "builtin"}]`. Judged strictly when it is set, and read
//! leniently when a visitor asks: an entry that cannot be used is left out. Behind the last model, the answer is put
//! together from what the org knows, without any; `builtin` says that there is to be no other.
//!
//! Money is guarded by four rules. The platform's keys are sent to the platform's addresses alone; by them only models
//! are asked whose price is known, or that the platform itself names, and that the org's plan includes; and a site says
//! what a model costs only where its own key or server answers.

use serde_json::{Map, Value, json};

use super::Model;
use super::catalogue::{self, Price};
use super::chain::Candidate;
use super::circuit::CircuitKey;
use super::endpoint::{BaseUrl, Endpoint};
use super::gemini::{self, Gemini};
use super::openai::{self, OpenAi};
use super::workers_ai::{self, WorkersAi};
use crate::app::Op;
use crate::choice;
use crate::config::{Environment, LogLevel, ProviderConfig};
use crate::error::Result;
use crate::http::body::{expected_one_of, invalid};
use crate::http::public_url;
use crate::secret::Secret;
use crate::vault::Place;

/// The member of a site's `config`.
const MODELS: &str = "models";
/// Most models of a site.
const MOST_MODELS: usize = 5;
/// Longest name of a model.
const LONGEST_NAME: usize = 128;
/// Highest price: a thousand dollars per million tokens.
const HIGHEST_PRICE: u64 = 1_000_000_000;
/// OpenAI's own address.
pub const OPENAI_API: &str = "https://api.openai.com/v1";
/// Google's own address.
pub const GEMINI_API: &str = "https://generativelanguage.googleapis.com";

choice! {
    /// Who answers.
    pub enum Provider {
        /// Google's Gemini API.
        Gemini = "gemini",
        /// OpenAI, and who speaks as it does.
        OpenAi = "openai",
        /// The platform's own models.
        WorkersAi = "workers-ai",
        /// No model: the answer is put together from what the org knows.
        BuiltIn = "builtin",
    }
}

impl Provider {
    /// Whether a name can be one of a model of its.
    pub fn is_model(self, name: &str) -> bool {
        let fits = match self {
            Self::Gemini => gemini::is_model(name),
            Self::OpenAi => openai::is_model(name),
            Self::WorkersAi => workers_ai::is_model(name),
            Self::BuiltIn => false,
        };
        fits && name.len() <= LONGEST_NAME
    }

    /// Whether an address can be one of its API: requests to Gemini have a query of their own.
    pub fn takes(self, base: &BaseUrl) -> bool {
        self == Self::OpenAi || (self == Self::Gemini && !base.has_version())
    }
}

/// One entry, judged.
#[derive(Debug)]
struct Entry {
    provider: Provider,
    model: Option<String>,
    base: Option<BaseUrl>,
    input: Option<u64>,
    output: Option<u64>,
}

/// What is wrong with an entry: the member, and what is expected of it.
type Wrong = (&'static str, String);

const MEMBERS: [&str; 5] =
    ["provider", "model", "baseUrl", "inputMicrousdPerMillion", "outputMicrousdPerMillion"];

impl Entry {
    fn read(value: &Value, environment: Environment) -> Result<Self, Wrong> {
        let provider = value.get("provider").and_then(Value::as_str).and_then(Provider::parse);
        let provider = provider.ok_or_else(|| ("provider", expected_one_of(Provider::ALL)))?;
        let model = text(value, "model")?;
        if model.is_some_and(|name| !provider.is_model(name)) {
            return Err(("model", format!("must be the name of a model of {}", provider.as_str())));
        }
        let base = text(value, "baseUrl")?.map(|text| base_url(provider, text, environment));
        let base = base.transpose().map_err(|expected| ("baseUrl", expected))?;
        if base.is_some() && model.is_none() {
            return Err(("model", "is required with a \"baseUrl\"".to_owned()));
        }
        Ok(Self {
            provider,
            model: model.map(str::to_owned),
            base,
            input: price(value, "inputMicrousdPerMillion")?,
            output: price(value, "outputMicrousdPerMillion")?,
        })
    }
}

fn text<'a>(value: &'a Value, name: &'static str) -> Result<Option<&'a str>, Wrong> {
    match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err((name, "must be a text".to_owned())),
    }
}

fn price(value: &Value, name: &'static str) -> Result<Option<u64>, Wrong> {
    match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64().filter(|price| *price <= HIGHEST_PRICE) {
            Some(price) => Ok(Some(price)),
            None => Err((name, format!("must be a whole number from 0 to {HIGHEST_PRICE}"))),
        },
    }
}

/// A server of the customer's choice: public, and reached by `https`.
fn base_url(provider: Provider, text: &str, environment: Environment) -> Result<BaseUrl, String> {
    if !matches!(provider, Provider::Gemini | Provider::OpenAi) {
        return Err(format!("is not for {}", provider.as_str()));
    }
    let url = public_url::judge_secure(text, environment)
        .map_err(|reason| reason.expected().to_owned())?;
    let base = BaseUrl::parse(url.as_str()).filter(|base| provider.takes(base));
    base.ok_or_else(|| {
        "must be an address without a query, but for Azure's \"api-version\"".to_owned()
    })
}

/// Judges a `config` that is to be stored.
///
/// # Errors
/// 400 `invalid_body`, which names the entry and its member.
pub fn judge(config: &Map<String, Value>, environment: Environment) -> Result<()> {
    let Some(models) = config.get(MODELS) else { return Ok(()) };
    let models = models.as_array().ok_or_else(|| invalid("config.models", "must be an array"))?;
    if models.len() > MOST_MODELS {
        return Err(invalid("config.models", &format!("must have at most {MOST_MODELS} entries")));
    }
    for (at, value) in models.iter().enumerate() {
        let wrong =
            |(name, expected): Wrong| invalid(&format!("config.models[{at}].{name}"), &expected);
        let members = value
            .as_object()
            .ok_or_else(|| invalid(&format!("config.models[{at}]"), "must be an object"))?;
        let entry = Entry::read(value, environment).map_err(wrong)?;
        if let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            let name: String = unknown.chars().take(40).collect();
            let expected = format!("has the unknown member \"{name}\"");
            return Err(invalid(&format!("config.models[{at}]"), &expected));
        }
        if entry.provider == Provider::BuiltIn && (members.len() > 1 || at + 1 < models.len()) {
            let expected = "must stand alone and come last when it is builtin".to_owned();
            return Err(wrong(("provider", expected)));
        }
    }
    Ok(())
}

/// A key of a site's own.
#[derive(Debug, Clone, Default)]
pub enum OwnKey {
    /// It has none: the platform's is used.
    #[default]
    None,
    /// It has this one.
    Of(Secret<String>),
    /// It has one that cannot be read. The provider is then not asked: it would be the platform that pays.
    Unreadable,
}

/// The keys of a site's own.
#[derive(Debug, Clone, Default)]
pub struct SiteKeys {
    google: OwnKey,
    openai: OwnKey,
}

impl SiteKeys {
    /// Opens what `portal_sites` holds of a site in `google_api_key` and `openai_api_key`. A key that cannot be read is
    /// told to the log.
    pub fn open(op: &Op, site: &str, google: Option<&str>, openai: Option<&str>) -> Self {
        let open = |column, stored: Option<&str>| {
            let Some(stored) = stored.filter(|stored| !stored.is_empty()) else {
                return OwnKey::None;
            };
            match op
                .app
                .config
                .vault
                .open(Place { table: "portal_sites", column, row: site }, stored)
            {
                // One that was stored before keys were judged may not fit into a header.
                Ok(key) if key.expose().bytes().all(|byte| byte.is_ascii_graphic()) => {
                    OwnKey::Of(key)
                }
                Ok(_) => unreadable(op, site, column, "it has characters that no header carries"),
                Err(error) => unreadable(op, site, column, &error.private_context()),
            }
        };
        Self { google: open("google_api_key", google), openai: open("openai_api_key", openai) }
    }

    /// Keys that are there and are not opened: enough to tell which models are asked.
    pub fn unread(has_google: bool, has_openai: bool) -> Self {
        let key = |is_there: bool| {
            if is_there { OwnKey::Of(Secret::new(String::new())) } else { OwnKey::None }
        };
        Self { google: key(has_google), openai: key(has_openai) }
    }
}

fn unreadable(op: &Op, site: &str, column: &str, reason: &str) -> OwnKey {
    let fields = [("siteId", json!(site)), ("column", json!(column)), ("reason", json!(reason))];
    op.app.log.event(LogLevel::Error, "site_key_unreadable", op.now(), &op.request, &fields);
    OwnKey::Unreadable
}

/// The models of a site in their order. Without a setting: those that are configured for all, by the site's own keys
/// where it has them. `plan_models` names those that the platform pays for, nothing all of them
/// (`plan_limits.models`).
pub fn candidates(
    op: &Op,
    config: &Map<String, Value>,
    keys: &SiteKeys,
    plan_models: Option<&[String]>,
) -> Vec<Candidate> {
    let reader = Reader { op, keys, plan_models };
    let Some(models) = config.get(MODELS).filter(|models| !models.is_null()) else {
        return reader.defaults();
    };
    let mut candidates = Vec::new();
    for (at, value) in models.as_array().into_iter().flatten().take(MOST_MODELS).enumerate() {
        let entry = Entry::read(value, op.app.config.environment);
        let candidate = match entry {
            Ok(Entry { provider: Provider::BuiltIn, .. }) => break,
            Ok(entry) => reader.candidate(&entry),
            Err((member, expected)) => Err(format!("\"{member}\" {expected}")),
        };
        match candidate {
            Ok(candidate) => candidates.push(candidate),
            Err(reason) => reader.left_out(at, &reason),
        }
    }
    candidates
}

/// The name of the first model that a site asks; none where there is none.
pub fn first_model(
    op: &Op,
    config: &Map<String, Value>,
    keys: &SiteKeys,
    plan_models: Option<&[String]>,
) -> Option<String> {
    candidates(op, config, keys, plan_models).first().map(|first| first.model.name().to_owned())
}

struct Reader<'a> {
    op: &'a Op,
    keys: &'a SiteKeys,
    plan_models: Option<&'a [String]>,
}

impl Reader<'_> {
    fn defaults(&self) -> Vec<Candidate> {
        let providers = [Provider::Gemini, Provider::OpenAi, Provider::WorkersAi];
        let configured = providers.into_iter().filter(|provider| match provider {
            Provider::WorkersAi => self.op.app.config.models.workers_ai_model.is_some(),
            _ => true,
        });
        let bare =
            |provider| Entry { provider, model: None, base: None, input: None, output: None };
        configured.filter_map(|provider| self.candidate(&bare(provider)).ok()).collect()
    }

    fn candidate(&self, entry: &Entry) -> Result<Candidate, String> {
        let candidate = self.any_candidate(entry)?;
        let is_included =
            |names: &[String]| names.iter().any(|name| name == candidate.model.name());
        if candidate.is_own || self.plan_models.is_none_or(is_included) {
            return Ok(candidate);
        }
        Err("the plan does not include it, so that it needs a key of the site's own".to_owned())
    }

    /// Whatever the plan includes.
    fn any_candidate(&self, entry: &Entry) -> Result<Candidate, String> {
        let models = &self.op.app.config.models;
        match entry.provider {
            Provider::Gemini => {
                let (asked, model) =
                    asked(entry, &self.keys.google, &models.gemini, &models.gemini)?;
                priced(entry, asked, model, &models.gemini.model, |endpoint, model| Gemini {
                    endpoint,
                    model,
                })
            }
            Provider::OpenAi => {
                // A key of the site's own is one of OpenAI, wherever the platform's questions go.
                let own = ProviderConfig {
                    key: None,
                    base: BaseUrl::known(OPENAI_API),
                    ..models.openai.clone()
                };
                let (asked, model) = asked(entry, &self.keys.openai, &models.openai, &own)?;
                priced(entry, asked, model, &models.openai.model, |endpoint, model| OpenAi {
                    endpoint,
                    model,
                })
            }
            Provider::WorkersAi => self.workers_ai(entry),
            Provider::BuiltIn => Err("it is no model".to_owned()),
        }
    }

    fn workers_ai(&self, entry: &Entry) -> Result<Candidate, String> {
        let default = self.op.app.config.models.workers_ai_model.as_deref();
        if !self.op.app.ports.ai.is_bound() {
            return Err("the binding AI is missing".to_owned());
        }
        let model = entry.model.as_deref().or(default).ok_or("no model is named")?;
        let is_named_by_platform = Some(model) == default;
        let price = platform_price(Provider::WorkersAi, model, is_named_by_platform)?;
        Ok(Candidate {
            circuit: CircuitKey::of(workers_ai::PROVIDER, "", "", model),
            model: Box::new(WorkersAi { model: model.to_owned() }),
            price,
            is_own: false,
        })
    }

    fn left_out(&self, at: usize, reason: &str) {
        let fields = [("entry", json!(at)), ("reason", json!(reason))];
        let Op { app, request, .. } = self.op;
        app.log.event(LogLevel::Warn, "model_left_out", self.op.now(), request, &fields);
    }
}

/// Where a model is asked.
struct Asked {
    endpoint: Endpoint,
    is_own: bool,
}

/// Where an entry is asked and by which key, and its model. `platform` is how the platform asks, `own` where a key of
/// the site's own belongs to when the entry names no server.
fn asked(
    entry: &Entry,
    key: &OwnKey,
    platform: &ProviderConfig,
    own: &ProviderConfig,
) -> Result<(Asked, String), String> {
    let model = entry.model.clone().unwrap_or_else(|| platform.model.clone());
    let key = match key {
        OwnKey::Unreadable => return Err("the site's key cannot be read".to_owned()),
        OwnKey::Of(key) => Some(key.clone()),
        OwnKey::None => None,
    };
    let asked = match (&entry.base, key) {
        // The platform's key never goes to a server that a customer names.
        (Some(base), key) => Asked { endpoint: Endpoint { base: base.clone(), key }, is_own: true },
        (None, Some(key)) => {
            Asked { endpoint: Endpoint { base: own.base.clone(), key: Some(key) }, is_own: true }
        }
        (None, None) if platform.is_configured => {
            let (base, key) = (platform.base.clone(), platform.key.clone());
            Asked { endpoint: Endpoint { base, key }, is_own: false }
        }
        (None, None) => return Err("neither the site nor the platform has a key".to_owned()),
    };
    Ok((asked, model))
}

fn priced<M: Model + 'static>(
    entry: &Entry,
    asked: Asked,
    name: String,
    platform_model: &str,
    build: impl FnOnce(Endpoint, String) -> M,
) -> Result<Candidate, String> {
    let Asked { endpoint, is_own } = asked;
    let price = if is_own {
        let listed = catalogue::price(entry.provider.as_str(), &name);
        Price {
            input: entry.input.unwrap_or(listed.input),
            output: entry.output.unwrap_or(listed.output),
        }
    } else {
        platform_price(entry.provider, &name, name == platform_model)?
    };
    let key = endpoint.key.as_ref().map_or("", |key| key.expose());
    let circuit = CircuitKey::of(entry.provider.as_str(), &endpoint.base.below(""), key, &name);
    Ok(Candidate { model: Box::new(build(endpoint, name)), price, is_own, circuit })
}

/// The price of a model that the platform pays for.
fn platform_price(
    provider: Provider,
    model: &str,
    is_named_by_platform: bool,
) -> Result<Price, String> {
    match catalogue::known_price(provider.as_str(), model) {
        Some(price) => Ok(price),
        None if is_named_by_platform => Ok(catalogue::UNKNOWN),
        None => Err("its price is not known, so that it needs a key of the site's own".to_owned()),
    }
}
