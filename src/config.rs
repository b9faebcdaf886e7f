//! Every variable, secret and binding of the Worker: one documented, typed entry each, parsed and
//! validated once per isolate.
//!
//! An entry that cannot be used safely is refused, listed in [`Config::problems`], and shown by
//! `/health/ready`; the Worker then runs with the strict value.

use base64ct::{Base64, Encoding as _};

use crate::billing::usage::meter::Meters;
use crate::clients::elevenlabs::ElevenLabsConfig;
use crate::clients::resend::{ResendConfig, Sender};
use crate::clients::stripe::StripeConfig;
use crate::clients::twilio::{Account, TwilioConfig};
use crate::identity::SigningKey;
use crate::models::BaseUrl;
use crate::models::setting::{GEMINI_API, OPENAI_API, Provider};
use crate::origin::OriginList;
use crate::secret::Secret;
use crate::vault::Vault;

/// Binding of the D1 database that holds the state.
pub const DB: &str = "DB";
/// Binding of the D1 database that holds the derived full-text index.
pub const SEARCH: &str = "SEARCH";
/// Rate-limit binding for the portal API.
pub const PORTAL_LIMITER: &str = "PORTAL_LIMITER";
/// Binding of the platform's models (Workers AI); optional.
pub const AI: &str = "AI";
/// Rate-limit binding for visitor chat.
pub const CHAT_LIMITER: &str = "CHAT_LIMITER";
/// Rate-limit binding for visitors who wait for a reply.
pub const POLL_LIMITER: &str = "POLL_LIMITER";
/// Rate-limit binding for what pages that embed the widget ask for.
pub const WIDGET_LIMITER: &str = "WIDGET_LIMITER";
/// The rate limiter of gateway tokens.
pub const GATEWAY_LIMITER: &str = "GATEWAY_LIMITER";

/// Where the Worker runs (`ENVIRONMENT`). Absent or unknown means production: fail closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// A developer's machine.
    Development,
    /// The rehearsal.
    Staging,
    /// Customers.
    Production,
}

impl Environment {
    /// The name as `/health` shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

/// Threshold of the log (`LOG_LEVEL`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// One line as a request starts and one as it ends.
    Info,
    /// Refusals.
    Warn,
    /// Failures of ours.
    Error,
}

impl LogLevel {
    /// The name as the log line shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// The parsed configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// `ENVIRONMENT`: development, staging or production.
    pub environment: Environment,
    /// `LOG_LEVEL`: debug, info (default), warn or error.
    pub log_level: LogLevel,
    /// `CLERK_DOMAIN`: Clerk's frontend API host; tokens must say `iss = https://<CLERK_DOMAIN>`.
    pub clerk_domain: Option<String>,
    /// `CLERK_JWKS_URL`: where the key set is fetched; default `https://<CLERK_DOMAIN>/.well-known/jwks.json`.
    pub clerk_jwks_url: Option<String>,
    /// `CLERK_JWT_KEY`: the instance's public key as PEM; with it no key set is fetched.
    pub clerk_jwt_key: Option<Vec<u8>>,
    /// `LOCAL_JWT_KEY`: the public half of the key that `cargo xtask token` signs with. Development only.
    pub local_jwt_key: Option<Vec<u8>>,
    /// `ALLOWED_ORIGINS`: comma-separated origins of the portal's pages, for CORS and for a token's `azp`.
    pub allowed_origins: OriginList,
    /// Whether a token's `azp` is judged: once `ALLOWED_ORIGINS` is set, even if no entry of it is good.
    pub azp_is_judged: bool,
    /// `CORS_ALLOW_ALL=true`: any origin may read portal answers. Development only.
    pub cors_allow_all: bool,
    /// `PORTAL_RATE_LIMIT_MAX`: portal requests a minute and client address (default 120).
    pub portal_rate_limit_max: u32,
    /// `CHAT_RATE_LIMIT_MAX`: chat messages a minute and client address (default 30).
    pub chat_rate_limit_max: u32,
    /// `POLL_RATE_LIMIT_MAX`: questions for a reply a minute and client address (default 120).
    pub poll_rate_limit_max: u32,
    /// `WIDGET_RATE_LIMIT_MAX`: requests of pages that embed the widget a minute and client address (default 100).
    pub widget_rate_limit_max: u32,
    /// `GATEWAY_RATE_LIMIT_MAX`: requests of customers' servers a minute and token (default 300).
    pub gateway_rate_limit_max: u32,
    /// `STRIPE_WEBHOOK_SECRET` and, while a secret is rolled, `STRIPE_WEBHOOK_SECRET_PREVIOUS`.
    pub stripe_webhook_secrets: Vec<Secret<String>>,
    /// `CLERK_WEBHOOK_SECRET` and, while a secret is rolled, `CLERK_WEBHOOK_SECRET_PREVIOUS`: `whsec_` and the base64 of
    /// 24 to 64 bytes.
    pub clerk_webhook_keys: Vec<SigningKey>,
    /// `ENCRYPTION_KEYS`: keys of secrets at rest, a comma list of `id:base64(32 bytes)`; the first
    /// encrypts, all decrypt.
    pub vault: Vault,
    /// `CLERK_SECRET_KEY`: for Clerk's Backend API. Without it, invitations are links that the inviter passes
    /// on, no address counts as verified, and sessions are ended here alone.
    pub clerk_secret_key: Option<Secret<String>>,
    /// `TURNSTILE_SECRET_KEY`: proves the challenges that sites with `"turnstile": true` ask of new conversations.
    pub turnstile_secret_key: Option<Secret<String>>,
    /// `TURNSTILE_SITE_KEY`: the public half, which pages show the challenge with. Both or none.
    pub turnstile_site_key: Option<String>,
    /// `PORTAL_URL`: the address of the portal's pages, without a slash at the end, for links in invitations.
    pub portal_url: Option<String>,
    /// `CLOUDFLARE_API_TOKEN`, which may read the zone's analytics, and `CLOUDFLARE_ZONE_ID`: the traffic that staff
    /// see. Both or none.
    pub cloudflare_zone: Option<CloudflareZone>,
    /// `CLOUDFLARE_ZONE_NAME`: what staff call the zone (default kobyai.com).
    pub cloudflare_zone_name: String,
    /// The models that answer for sites without keys of their own. Without any, and behind the last, answers are put
    /// together from what the org knows.
    pub models: ModelsConfig,
    /// `ELEVENLABS_API_KEY` and `ELEVENLABS_BASE_URL` (default `ElevenLabs` itself): the voice of sites.
    pub elevenlabs: ElevenLabsConfig,
    /// `STRIPE_SECRET_KEY` and `STRIPE_BASE_URL` (default Stripe itself): checkouts, invoices to come, and what events leave
    /// open.
    pub stripe: StripeConfig,
    /// `STRIPE_METERS`: what the events of Stripe's meters are called, as `chat_messages=…,voice_minutes=…`. What is not
    /// named is counted and not told to Stripe.
    pub stripe_meters: Meters,
    /// `BILLING_GRACE_DAYS`: for how long an org whose payment failed keeps its plan, default 7.
    pub billing_grace_days: u32,
    /// `BILLING_TRIAL_DAYS`: the longest trial that a checkout may ask for, default 14.
    pub billing_trial_days: u32,
    /// `RESEND_API_KEY`, `NOTICE_FROM` and `RESEND_BASE_URL` (default Resend itself): notices by e-mail.
    pub resend: ResendConfig,
    /// `TWILIO_ACCOUNT_SID`, `TWILIO_AUTH_TOKEN`, `TWILIO_FROM` and `TWILIO_BASE_URL` (default Twilio itself): notices as
    /// text messages.
    pub twilio: TwilioConfig,
    /// `EMBEDDING_PROVIDER`: `workers-ai` or `openai` (with `OPENAI_*`); without it passages are found by their words
    /// alone. `EMBEDDING_MODEL`, default `@cf/baai/bge-m3` or `text-embedding-3-small`.
    pub embedding: Option<EmbeddingConfig>,
    /// What was refused, in words for the operator; never a value of a secret.
    pub problems: Vec<String>,
}

/// The platform's own models.
#[derive(Debug, Clone)]
pub struct ModelsConfig {
    /// `GEMINI_API_KEY`; `GEMINI_BASE_URL`, default Google's; `GEMINI_MODEL`, default gemini-2.5-flash.
    pub gemini: ProviderConfig,
    /// `OPENAI_API_KEY`; `OPENAI_BASE_URL`, default OpenAI's, or of whoever speaks as it does, `?api-version=…` included
    /// for Azure; `OPENAI_MODEL`, default gpt-4.1-mini. With an address of its own it needs no key.
    pub openai: ProviderConfig,
    /// `WORKERS_AI_MODEL`, such as `@cf/meta/llama-3.1-8b-instruct-fp8-fast`: asked through the binding `AI`, after the
    /// others.
    pub workers_ai_model: Option<String>,
}

/// How the platform reaches a provider.
#[derive(Debug, Clone)]
pub struct ProviderConfig {
    /// The platform's key.
    pub key: Option<Secret<String>>,
    /// Where the API lies; `https`, but on a developer's machine.
    pub base: BaseUrl,
    /// The model that is asked when a site names none.
    pub model: String,
    /// Whether the platform pays for sites that have no key of their own.
    pub is_configured: bool,
}

/// The model that makes vectors of questions and passages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddingConfig {
    /// `workers-ai` or `openai`.
    pub provider: Provider,
    /// Its name at the provider.
    pub model: String,
}

/// A zone at Cloudflare and the key to its analytics.
#[derive(Debug, Clone)]
pub struct CloudflareZone {
    /// 32 hexadecimal digits.
    pub id: String,
    /// An API token.
    pub token: Secret<String>,
}

impl Config {
    /// Reads every entry through `lookup`, which gives the text of a variable or secret by its name.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let mut reader = Reader { lookup, problems: Vec::new() };
        let environment = reader.environment();
        let production = environment == Environment::Production;
        let clerk_domain = reader.clerk_domain(production);
        let clerk_jwt_key = reader.pem("CLERK_JWT_KEY");
        let clerk_secret_key = reader.clerk_secret_key();
        let portal_url = reader.portal_url(environment);
        if clerk_secret_key.is_some() && reader.text("PORTAL_URL").is_none() {
            reader
                .refuse("PORTAL_URL is not set: e-mails of invitations do not lead to the portal");
        }
        Self {
            environment,
            log_level: reader.log_level(),
            clerk_jwks_url: reader.jwks_url(clerk_domain.as_deref(), environment),
            clerk_domain,
            clerk_jwt_key,
            local_jwt_key: reader.local_key(environment),
            azp_is_judged: reader.text("ALLOWED_ORIGINS").is_some(),
            allowed_origins: reader.origins("ALLOWED_ORIGINS"),
            cors_allow_all: reader.cors_allow_all(environment),
            portal_rate_limit_max: reader.count("PORTAL_RATE_LIMIT_MAX", 120),
            chat_rate_limit_max: reader.count("CHAT_RATE_LIMIT_MAX", 30),
            poll_rate_limit_max: reader.count("POLL_RATE_LIMIT_MAX", 120),
            widget_rate_limit_max: reader.count("WIDGET_RATE_LIMIT_MAX", 100),
            gateway_rate_limit_max: reader.count("GATEWAY_RATE_LIMIT_MAX", 300),
            stripe_webhook_secrets: reader.stripe_secrets(environment),
            clerk_webhook_keys: reader.clerk_webhook_keys(environment),
            vault: reader.vault(environment),
            clerk_secret_key,
            turnstile_site_key: reader.turnstile_site_key(),
            turnstile_secret_key: reader.text("TURNSTILE_SECRET_KEY").map(Secret::new),
            portal_url,
            cloudflare_zone: reader.cloudflare_zone(),
            cloudflare_zone_name: reader.zone_name(),
            models: reader.models(environment),
            elevenlabs: reader.elevenlabs(environment),
            stripe: reader.stripe(environment),
            billing_grace_days: reader.days("BILLING_GRACE_DAYS", 7),
            billing_trial_days: reader.days("BILLING_TRIAL_DAYS", 14),
            stripe_meters: reader.stripe_meters(),
            resend: reader.resend(environment),
            twilio: reader.twilio(environment),
            embedding: reader.embedding(),
            problems: reader.problems,
        }
    }
}

struct Reader<F> {
    lookup: F,
    problems: Vec<String>,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    fn text(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn refuse(&mut self, problem: impl Into<String>) {
        self.problems.push(problem.into());
    }

    fn environment(&mut self) -> Environment {
        match self.text("ENVIRONMENT").as_deref() {
            Some("development") => Environment::Development,
            Some("staging") => Environment::Staging,
            Some("production") => Environment::Production,
            None => {
                self.refuse("ENVIRONMENT is not set; running as production");
                Environment::Production
            }
            Some(_) => {
                self.refuse("ENVIRONMENT is none of development, staging, production; running as production");
                Environment::Production
            }
        }
    }

    fn log_level(&mut self) -> LogLevel {
        match self.text("LOG_LEVEL").as_deref() {
            Some("debug") => LogLevel::Debug,
            None | Some("info") => LogLevel::Info,
            Some("warn") => LogLevel::Warn,
            Some("error") => LogLevel::Error,
            Some(_) => {
                self.refuse("LOG_LEVEL is none of debug, info, warn, error; using info");
                LogLevel::Info
            }
        }
    }

    fn clerk_domain(&mut self, production: bool) -> Option<String> {
        let Some(domain) = self.text("CLERK_DOMAIN") else {
            self.refuse("CLERK_DOMAIN is not set; no session token can be accepted");
            return None;
        };
        let is_host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':');
        if !domain.bytes().all(is_host) {
            self.refuse("CLERK_DOMAIN must be a host name without scheme or path");
            return None;
        }
        if production && is_local_host(&domain) {
            self.refuse("CLERK_DOMAIN names a local host, which production never accepts");
            return None;
        }
        Some(domain)
    }

    fn jwks_url(&mut self, domain: Option<&str>, environment: Environment) -> Option<String> {
        if let Some(url) = self.text("CLERK_JWKS_URL") {
            if url.starts_with("https://") || environment == Environment::Development {
                return Some(url);
            }
            self.refuse("CLERK_JWKS_URL must start with https://; using the default");
        }
        domain.map(|domain| format!("https://{domain}/.well-known/jwks.json"))
    }

    fn local_key(&mut self, environment: Environment) -> Option<Vec<u8>> {
        let key = self.pem("LOCAL_JWT_KEY")?;
        if environment != Environment::Development {
            self.refuse("LOCAL_JWT_KEY is for development only; ignored");
            return None;
        }
        Some(key)
    }

    fn clerk_secret_key(&mut self) -> Option<Secret<String>> {
        let key = self.text("CLERK_SECRET_KEY")?;
        if !key.starts_with("sk_") || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.refuse("CLERK_SECRET_KEY is not a secret key of Clerk (sk_…); ignored");
            return None;
        }
        Some(Secret::new(key))
    }

    fn portal_url(&mut self, environment: Environment) -> Option<String> {
        let url = self.text("PORTAL_URL")?;
        let local = environment == Environment::Development && url.starts_with("http://");
        let plain = !url.contains(['?', '#']) && url.bytes().all(|byte| byte.is_ascii_graphic());
        if !plain || !(url.starts_with("https://") || local) {
            self.refuse("PORTAL_URL must be an https:// address without query; ignored");
            return None;
        }
        Some(url.trim_end_matches('/').to_owned())
    }

    /// The DER bytes inside a PEM text, whose line ends may be real or the two characters `\n`.
    fn pem(&mut self, name: &str) -> Option<Vec<u8>> {
        let text = self.text(name)?.replace("\\n", "\n");
        let body: String =
            text.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
        match Base64::decode_vec(&body) {
            Ok(der) if !der.is_empty() => Some(der),
            _ => {
                self.refuse(format!("{name} is not a PEM public key"));
                None
            }
        }
    }

    fn origins(&mut self, name: &str) -> OriginList {
        let text = self.text(name).unwrap_or_default();
        let (list, refused) = OriginList::parse(text.split(','));
        for entry in refused {
            self.refuse(format!(
                "{name}: \"{entry}\" is not an origin such as https://app.example.com"
            ));
        }
        if list.is_empty() {
            self.refuse(format!("{name} has no entry; no browser page can read portal answers"));
        }
        list
    }

    fn cors_allow_all(&mut self, environment: Environment) -> bool {
        if self.text("CORS_ALLOW_ALL").as_deref() != Some("true") {
            return false;
        }
        if environment != Environment::Development {
            self.refuse("CORS_ALLOW_ALL=true is for development only; ignored");
            return false;
        }
        true
    }

    /// From none to two years, the longest trial that Stripe takes.
    fn days(&mut self, name: &str, default: u32) -> u32 {
        match self.text(name).map(|text| text.parse::<u32>()) {
            None => default,
            Some(Ok(days)) if days <= 730 => days,
            Some(_) => {
                self.refuse(format!("{name} is no number of days up to 730; using {default}"));
                default
            }
        }
    }

    fn count(&mut self, name: &str, default: u32) -> u32 {
        match self.text(name).map(|text| text.parse::<u32>()) {
            None => default,
            Some(Ok(count)) if count > 0 => count,
            Some(_) => {
                self.refuse(format!("{name} is not a positive number; using {default}"));
                default
            }
        }
    }

    fn stripe_secrets(&mut self, environment: Environment) -> Vec<Secret<String>> {
        let secrets: Vec<Secret<String>> =
            ["STRIPE_WEBHOOK_SECRET", "STRIPE_WEBHOOK_SECRET_PREVIOUS"]
                .into_iter()
                .filter_map(|name| self.text(name))
                .map(Secret::new)
                .collect();
        if secrets.is_empty() && environment != Environment::Development {
            self.refuse("STRIPE_WEBHOOK_SECRET is not set; no Stripe event can be taken");
        }
        secrets
    }

    fn clerk_webhook_keys(&mut self, environment: Environment) -> Vec<SigningKey> {
        let mut keys = Vec::new();
        for name in ["CLERK_WEBHOOK_SECRET", "CLERK_WEBHOOK_SECRET_PREVIOUS"] {
            let Some(secret) = self.text(name) else { continue };
            match SigningKey::parse(&secret) {
                Some(key) => keys.push(key),
                None => self.refuse(format!(
                    "{name} is not whsec_ and the base64 of 24 to 64 bytes; ignored"
                )),
            }
        }
        if self.text("CLERK_WEBHOOK_SECRET").is_none() && environment != Environment::Development {
            self.refuse("CLERK_WEBHOOK_SECRET is not set; no Clerk event can be taken");
        }
        keys
    }

    fn vault(&mut self, environment: Environment) -> Vault {
        let Some(list) = self.text("ENCRYPTION_KEYS") else {
            if environment != Environment::Development {
                self.refuse("ENCRYPTION_KEYS is not set; no provider key can be stored");
            }
            return Vault::default();
        };
        let (vault, problems) = Vault::parse(&list);
        for problem in problems {
            self.refuse(format!("ENCRYPTION_KEYS: {problem}"));
        }
        vault
    }

    fn turnstile_site_key(&mut self) -> Option<String> {
        let key = self.text("TURNSTILE_SITE_KEY");
        if key.is_some() != self.text("TURNSTILE_SECRET_KEY").is_some() {
            self.refuse("TURNSTILE_SITE_KEY and TURNSTILE_SECRET_KEY go together; no page can solve a challenge");
        }
        let key = key?;
        if !key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) {
            self.refuse(
                "TURNSTILE_SITE_KEY is not a key of Turnstile; no page can solve a challenge",
            );
            return None;
        }
        Some(key)
    }

    fn cloudflare_zone(&mut self) -> Option<CloudflareZone> {
        let id = self.text("CLOUDFLARE_ZONE_ID");
        let token = self.text("CLOUDFLARE_API_TOKEN");
        if id.is_some() != token.is_some() {
            self.refuse(
                "CLOUDFLARE_API_TOKEN and CLOUDFLARE_ZONE_ID go together; no traffic is shown",
            );
        }
        let (id, token) = (id?, token?);
        if id.len() != 32 || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
            self.refuse("CLOUDFLARE_ZONE_ID is not 32 hexadecimal digits; no traffic is shown");
            return None;
        }
        if !token.bytes().all(|b| b.is_ascii_graphic()) {
            self.refuse("CLOUDFLARE_API_TOKEN cannot be sent in a header; no traffic is shown");
            return None;
        }
        Some(CloudflareZone { id, token: Secret::new(token) })
    }

    fn elevenlabs(&mut self, environment: Environment) -> ElevenLabsConfig {
        let otherwise = "no site has a voice";
        let default = "https://api.elevenlabs.io";
        let base = self.service_base("ELEVENLABS_BASE_URL", default, otherwise, environment);
        ElevenLabsConfig { key: self.header_secret("ELEVENLABS_API_KEY"), base }
    }

    fn stripe(&mut self, environment: Environment) -> StripeConfig {
        let otherwise = "Stripe is not asked";
        let default = "https://api.stripe.com";
        let base = self.service_base("STRIPE_BASE_URL", default, otherwise, environment);
        StripeConfig { key: self.header_secret("STRIPE_SECRET_KEY"), base }
    }

    fn stripe_meters(&mut self) -> Meters {
        let Some(list) = self.text("STRIPE_METERS") else { return Meters::default() };
        let (meters, problems) = Meters::parse(&list);
        for problem in problems {
            self.refuse(format!("STRIPE_METERS: {problem}"));
        }
        if self.text("STRIPE_SECRET_KEY").is_none() {
            self.refuse("STRIPE_METERS needs STRIPE_SECRET_KEY; no meter is told anything");
            return Meters::default();
        }
        meters
    }

    fn resend(&mut self, environment: Environment) -> ResendConfig {
        let otherwise = "no notice is sent by e-mail";
        let default = "https://api.resend.com";
        let base = self.service_base("RESEND_BASE_URL", default, otherwise, environment);
        let key = self.header_secret("RESEND_API_KEY");
        let from = self.text("NOTICE_FROM");
        if self.text("RESEND_API_KEY").is_some() != from.is_some() {
            self.refuse(format!("RESEND_API_KEY and NOTICE_FROM go together; {otherwise}"));
        }
        let sender = from.as_deref().and_then(Sender::parse);
        if from.is_some() && sender.is_none() {
            self.refuse(format!(
                "NOTICE_FROM is neither name@example.com nor Name <name@example.com>; {otherwise}"
            ));
        }
        ResendConfig { key, from: sender, base }
    }

    fn twilio(&mut self, environment: Environment) -> TwilioConfig {
        let otherwise = "no notice is sent as a text message";
        let default = "https://api.twilio.com";
        let base = self.service_base("TWILIO_BASE_URL", default, otherwise, environment);
        let entries = ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"];
        let account = match entries.map(|name| self.text(name)) {
            [None, None, None] => None,
            [Some(sid), Some(token), Some(from)] => {
                let account = Account::read(&sid, Secret::new(token), &from);
                if account.is_none() {
                    self.refuse(format!(
                        "TWILIO_ACCOUNT_SID is not AC… or TWILIO_FROM neither a number such as +14155550100 nor MG…; \
                         {otherwise}"
                    ));
                }
                account
            }
            _ => {
                self.refuse(format!("{} go together; {otherwise}", entries.join(", ")));
                None
            }
        };
        TwilioConfig { account, base }
    }

    /// Where a service lies that is given a key. Nothing if it was refused: the key must not go elsewhere.
    fn service_base(
        &mut self,
        name: &str,
        default: &str,
        otherwise: &str,
        environment: Environment,
    ) -> Option<String> {
        let Some(url) = self.text(name) else { return Some(default.to_owned()) };
        let local = environment == Environment::Development && url.starts_with("http://");
        let plain = !url.contains(['?', '#', '@', '\\']);
        let plain = plain && url.bytes().all(|byte| byte.is_ascii_graphic());
        if !plain || !(url.starts_with("https://") || local) {
            self.refuse(format!("{name} must be an https:// address; {otherwise}"));
            return None;
        }
        Some(url.trim_end_matches('/').to_owned())
    }

    fn zone_name(&mut self) -> String {
        const DEFAULT: &str = "kobyai.com";
        let Some(name) = self.text("CLOUDFLARE_ZONE_NAME") else { return DEFAULT.to_owned() };
        if name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')) {
            return name;
        }
        self.refuse(format!("CLOUDFLARE_ZONE_NAME is not a domain; using {DEFAULT}"));
        DEFAULT.to_owned()
    }
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    fn models(&mut self, environment: Environment) -> ModelsConfig {
        let gemini = self.gemini(environment);
        let openai = self.openai(environment);
        let workers_ai_model = self.model("WORKERS_AI_MODEL", Provider::WorkersAi);
        ModelsConfig { gemini, openai, workers_ai_model }
    }

    fn embedding(&mut self) -> Option<EmbeddingConfig> {
        let text = self.text("EMBEDDING_PROVIDER")?;
        let (provider, default) = match Provider::parse(&text) {
            Some(provider @ Provider::WorkersAi) => (provider, "@cf/baai/bge-m3"),
            Some(provider @ Provider::OpenAi) => (provider, "text-embedding-3-small"),
            _ => {
                self.refuse("EMBEDDING_PROVIDER is none of workers-ai, openai; passages are found by words alone");
                return None;
            }
        };
        let model = self.model("EMBEDDING_MODEL", provider);
        Some(EmbeddingConfig { provider, model: model.unwrap_or_else(|| default.to_owned()) })
    }

    fn gemini(&mut self, environment: Environment) -> ProviderConfig {
        let key = self.header_secret("GEMINI_API_KEY");
        let base = self.base_url("GEMINI_BASE_URL", Provider::Gemini, environment);
        let model = self.model("GEMINI_MODEL", Provider::Gemini);
        ProviderConfig {
            is_configured: key.is_some() && base.is_some(),
            key,
            base: base.flatten().unwrap_or_else(|| BaseUrl::known(GEMINI_API)),
            model: model.unwrap_or_else(|| "gemini-2.5-flash".to_owned()),
        }
    }

    fn openai(&mut self, environment: Environment) -> ProviderConfig {
        let key = self.header_secret("OPENAI_API_KEY");
        let base = self.base_url("OPENAI_BASE_URL", Provider::OpenAi, environment);
        let model = self.model("OPENAI_MODEL", Provider::OpenAi);
        ProviderConfig {
            // A server of one's own may need no key.
            is_configured: match &base {
                Some(base) => base.is_some() || key.is_some(),
                None => false,
            },
            key,
            base: base.flatten().unwrap_or_else(|| BaseUrl::known(OPENAI_API)),
            model: model.unwrap_or_else(|| "gpt-4.1-mini".to_owned()),
        }
    }

    /// An address of a provider, or none. Nothing if it was refused: its key must not go elsewhere.
    #[expect(clippy::option_option, reason = "refused is not absent")]
    fn base_url(
        &mut self,
        name: &str,
        provider: Provider,
        environment: Environment,
    ) -> Option<Option<BaseUrl>> {
        let Some(text) = self.text(name) else { return Some(None) };
        let is_local = environment == Environment::Development;
        let base = BaseUrl::parse(&text).filter(|base| base.is_secure() || is_local);
        let base = base.filter(|base| provider.takes(base));
        if base.is_none() {
            self.refuse(format!("{name} must be an https:// address; its models are not asked"));
        }
        base.map(Some)
    }

    fn model(&mut self, name: &str, provider: Provider) -> Option<String> {
        let model = self.text(name)?;
        if provider.is_model(&model) {
            return Some(model);
        }
        self.refuse(format!("{name} is not the name of a model of {}; ignored", provider.as_str()));
        None
    }

    /// A key that is sent in a header.
    fn header_secret(&mut self, name: &str) -> Option<Secret<String>> {
        let key = self.text(name)?;
        if key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Some(Secret::new(key));
        }
        self.refuse(format!("{name} cannot be sent in a header; ignored"));
        None
    }
}

fn is_local_host(domain: &str) -> bool {
    let host = domain.split(':').next().unwrap_or(domain);
    host == "localhost"
        || is_under(host, "localhost")
        || is_under(host, "local")
        || host.starts_with("127.")
}

/// Whether the host is a subdomain of `parent`.
fn is_under(host: &str, parent: &str) -> bool {
    host.strip_suffix(parent).is_some_and(|labels| labels.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(entries: &[(&str, &str)]) -> Config {
        Config::read(|name| {
            entries.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    const PEM: &str = "-----BEGIN PUBLIC KEY-----\\nAAEC\\n-----END PUBLIC KEY-----\\n";
    const CLERK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const KEY: &str = "k1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    #[test]
    fn nothing_set_is_production_and_says_so() {
        let config = read(&[]);
        assert_eq!(config.environment, Environment::Production);
        assert_eq!(config.portal_rate_limit_max, 120);
        assert_eq!(config.chat_rate_limit_max, 30);
        assert!(config.problems.iter().any(|problem| problem.starts_with("ENVIRONMENT")));
    }

    #[test]
    fn development_switches_are_refused_in_production() {
        let entries = [
            ("ENVIRONMENT", "production"),
            ("CLERK_DOMAIN", "clerk.koby-portal.localhost"),
            ("LOCAL_JWT_KEY", PEM),
            ("CORS_ALLOW_ALL", "true"),
            ("ALLOWED_ORIGINS", "https://app.example.com"),
            ("STRIPE_WEBHOOK_SECRET", "whsec_x"),
            ("CLERK_WEBHOOK_SECRET", CLERK_SECRET),
            ("ENCRYPTION_KEYS", KEY),
        ];
        let config = read(&entries);
        assert_eq!(config.local_jwt_key, None);
        assert_eq!(config.clerk_domain, None);
        assert!(!config.cors_allow_all);
        assert_eq!(config.problems.len(), 3, "{:?}", config.problems);
    }

    #[test]
    fn development_takes_them() {
        let config = read(&[
            ("ENVIRONMENT", "development"),
            ("CLERK_DOMAIN", "clerk.koby-portal.localhost"),
            ("LOCAL_JWT_KEY", PEM),
            ("CORS_ALLOW_ALL", "true"),
            ("ALLOWED_ORIGINS", "http://localhost:3000, https://*.example.com"),
        ]);
        assert_eq!(config.local_jwt_key, Some(vec![0, 1, 2]));
        assert!(config.cors_allow_all);
        assert_eq!(config.problems, Vec::<String>::new());
        assert_eq!(
            config.clerk_jwks_url.as_deref(),
            Some("https://clerk.koby-portal.localhost/.well-known/jwks.json")
        );
    }

    #[test]
    fn staging_takes_neither_the_local_key_nor_placeholders() {
        let config = read(&[
            ("ENVIRONMENT", "staging"),
            ("CLERK_DOMAIN", "<clerk-domain-of-staging>"),
            ("LOCAL_JWT_KEY", PEM),
            ("ALLOWED_ORIGINS", "<origins>"),
        ]);
        assert_eq!((config.clerk_domain, config.local_jwt_key), (None, None));
        assert!(config.azp_is_judged, "a list without a good entry allows nobody");
        assert_eq!(config.problems.len(), 7, "{:?}", config.problems);
    }

    #[test]
    fn a_malformed_encryption_key_is_told_without_its_value() {
        let config =
            read(&[("ENVIRONMENT", "staging"), ("ENCRYPTION_KEYS", &format!("{KEY},k2:c2hvcnQ="))]);
        let told: Vec<&String> =
            config.problems.iter().filter(|text| text.starts_with("ENCRYPTION_KEYS")).collect();
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("entry 2") && !told[0].contains("c2hvcnQ"), "{told:?}");
    }

    #[test]
    fn bad_numbers_keep_the_default() {
        let config = read(&[("PORTAL_RATE_LIMIT_MAX", "many"), ("CHAT_RATE_LIMIT_MAX", "0")]);
        assert_eq!((config.portal_rate_limit_max, config.chat_rate_limit_max), (120, 30));
    }

    #[test]
    fn meters_need_the_key_and_refused_ones_are_told() {
        let read = |meters: &str, key: &str| {
            let config = read(&[("STRIPE_METERS", meters), ("STRIPE_SECRET_KEY", key)]);
            let problems = config.problems.iter().filter(|text| text.starts_with("STRIPE_METERS"));
            (config.stripe_meters.to_json(), problems.count())
        };
        let meters = "chat_messages=chat,clips=x";
        assert_eq!(read("", "sk_test_1"), ("{}".to_owned(), 0));
        assert_eq!(read(meters, "sk_test_1"), (r#"{"chat_messages":"chat"}"#.to_owned(), 1));
        assert_eq!(read(meters, ""), ("{}".to_owned(), 2));
    }

    #[test]
    fn what_invitations_need_is_optional_and_checked() {
        let read = |environment: &str, key: &str, url: &str| {
            let entries =
                [("ENVIRONMENT", environment), ("CLERK_SECRET_KEY", key), ("PORTAL_URL", url)];
            let config = read(&entries);
            let problems = config.problems.iter();
            let told = problems.filter(|problem| {
                problem.starts_with("CLERK_SECRET_KEY") || problem.starts_with("PORTAL_URL")
            });
            (config.clerk_secret_key.is_some(), config.portal_url, told.count())
        };
        assert_eq!(read("production", "", ""), (false, None, 0));
        let url = Some("https://app.example.com".to_owned());
        assert_eq!(read("production", "sk_live_x", "https://app.example.com/"), (true, url, 0));
        assert_eq!(read("production", "sk_live_x", ""), (true, None, 1));
        assert_eq!(read("production", "sk_live_x", "http://app.example.com"), (true, None, 1));
        assert_eq!(read("production", "pk_live_x", "http://app.example.com"), (false, None, 2));
        assert_eq!(read("production", "sk_a b", "https://app.example.com/?a=1"), (false, None, 2));
        let local = Some("http://localhost:3000".to_owned());
        assert_eq!(read("development", "", "http://localhost:3000"), (false, local, 0));
    }

    #[test]
    fn a_zone_needs_its_id_and_its_token() {
        let zone = |id: &str, token: &str| {
            let config = read(&[("CLOUDFLARE_ZONE_ID", id), ("CLOUDFLARE_API_TOKEN", token)]);
            let problems =
                config.problems.iter().filter(|text| text.contains("CLOUDFLARE")).count();
            (config.cloudflare_zone.is_some(), problems)
        };
        let id = "0123456789abcdef0123456789ABCDEF";
        assert_eq!(zone(id, "token"), (true, 0));
        assert_eq!(zone("", ""), (false, 0));
        for (id, token) in
            [(id, ""), ("", "token"), ("abc", "token"), (&"g".repeat(32), "token"), (id, "to ken")]
        {
            assert_eq!(zone(id, token), (false, 1), "{id} {token}");
        }
        assert_eq!(read(&[]).cloudflare_zone_name, "kobyai.com");
        let name = |name| read(&[("CLOUDFLARE_ZONE_NAME", name)]).cloudflare_zone_name;
        assert_eq!(
            (name("shop.example").as_str(), name("<zone>").as_str()),
            ("shop.example", "kobyai.com")
        );
    }

    #[test]
    fn a_key_of_the_voice_goes_to_a_safe_address_or_nowhere() {
        let read = |environment: &str, key: &str, url: &str| {
            let config = read(&[
                ("ENVIRONMENT", environment),
                ("ELEVENLABS_API_KEY", key),
                ("ELEVENLABS_BASE_URL", url),
            ]);
            let told = config.problems.iter().filter(|text| text.contains("ELEVENLABS")).count();
            (config.elevenlabs.key.is_some(), config.elevenlabs.base, told)
        };
        let official = Some("https://api.elevenlabs.io".to_owned());
        assert_eq!(read("production", "", ""), (false, official.clone(), 0));
        assert_eq!(read("production", "xi", ""), (true, official.clone(), 0));
        assert_eq!(read("production", "x i", ""), (false, official, 1));
        let other = Some("https://voice.example/api".to_owned());
        assert_eq!(read("production", "xi", "https://voice.example/api/"), (true, other, 0));
        for url in ["http://localhost:1", "https://a@b", "https://a/?b", "ftp://a", "https://a\\b"]
        {
            assert_eq!(read("production", "xi", url), (true, None, 1), "{url}");
        }
        let local = Some("http://localhost:1".to_owned());
        assert_eq!(read("development", "", "http://localhost:1"), (false, local, 0));
    }

    #[test]
    fn two_clerk_secrets_are_held_and_others_are_told_without_their_value() {
        let read = |environment: &str, secret: &str, previous: &str| {
            let config = read(&[
                ("ENVIRONMENT", environment),
                ("CLERK_WEBHOOK_SECRET", secret),
                ("CLERK_WEBHOOK_SECRET_PREVIOUS", previous),
            ]);
            let told: Vec<String> =
                config.problems.into_iter().filter(|text| text.contains("CLERK_WEB")).collect();
            assert!(told.iter().all(|text| !text.contains("c2hvcnQ")), "{told:?}");
            (config.clerk_webhook_keys.len(), told.len())
        };
        assert_eq!(read("production", CLERK_SECRET, CLERK_SECRET), (2, 0));
        assert_eq!(read("production", CLERK_SECRET, ""), (1, 0));
        assert_eq!(read("production", "whsec_c2hvcnQ=", CLERK_SECRET), (1, 1));
        assert_eq!(read("production", "", CLERK_SECRET), (1, 1));
        assert_eq!(read("production", "", ""), (0, 1));
        assert_eq!(read("development", "", ""), (0, 0));
    }

    #[test]
    fn notices_are_sent_where_all_that_it_takes_is_there() {
        let by_email = |key: &str, from: &str| {
            let config = read(&[("RESEND_API_KEY", key), ("NOTICE_FROM", from)]);
            let told = config.problems.iter().filter(|text| text.contains("e-mail"));
            (config.resend.key.is_some() && config.resend.from.is_some(), told.count())
        };
        assert_eq!(by_email("", ""), (false, 0));
        assert_eq!(by_email("re_1", "Koby <notices@example.com>"), (true, 0));
        assert_eq!(by_email("re_1", ""), (false, 1));
        assert_eq!(by_email("", "notices@example.com"), (false, 1));
        assert_eq!(by_email("re_1", "a@example.com, b@example.com"), (false, 1));

        let sid = format!("AC{}", "0a".repeat(16));
        let by_text = |sid: &str, token: &str, from: &str| {
            let config = read(&[
                ("TWILIO_ACCOUNT_SID", sid),
                ("TWILIO_AUTH_TOKEN", token),
                ("TWILIO_FROM", from),
            ]);
            let told = config.problems.iter().filter(|text| text.contains("TWILIO"));
            assert!(!config.problems.join(" ").contains("s3cret"));
            (config.twilio.account.is_some(), told.count())
        };
        assert_eq!(by_text("", "", ""), (false, 0));
        assert_eq!(by_text(&sid, "s3cret", "+14155550100"), (true, 0));
        assert_eq!(by_text(&sid, "s3cret", ""), (false, 1));
        assert_eq!(by_text("AC1", "s3cret", "+14155550100"), (false, 1));
        assert_eq!(by_text(&sid, "s3cret", "4155550100"), (false, 1));
        for name in ["RESEND_BASE_URL", "TWILIO_BASE_URL"] {
            let config = read(&[("ENVIRONMENT", "production"), (name, "http://localhost:1")]);
            let told = config.problems.iter().filter(|text| text.contains(name)).count();
            assert_eq!(told, 1, "{name}");
        }
    }

    #[test]
    fn two_stripe_secrets_are_held() {
        let config = read(&[
            ("STRIPE_WEBHOOK_SECRET", "whsec_new"),
            ("STRIPE_WEBHOOK_SECRET_PREVIOUS", "whsec_old"),
        ]);
        assert_eq!(config.stripe_webhook_secrets.len(), 2);
    }
}
