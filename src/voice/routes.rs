//! `POST /voice`, `GET /voice/signed-url`

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, header};
use serde::Serialize;

use super::budget::{self, Aside, LimitRow};
use super::clip::{self, Begun};
use super::setting::{Setting, is_stock_voice};
use super::store::{self, Hold, Visitor, VoiceRow};
use crate::app::Op;
use crate::body;
use crate::chat::routes::{X_SITE_KEY, header_text, is_proven};
use crate::chat::settings::Settings;
use crate::chat::{Purpose, SiteClaim, SiteRow, judge_id, judge_site_for, turnstile_required};
use crate::clients::elevenlabs::{ElevenLabs, Format, ProviderId, Speech};
use crate::clients::turnstile;
use crate::error::{Error, Kind, Result};
use crate::http::body::{Read, Text, invalid};
use crate::http::extract::{Json, Query};
use crate::middleware::cors;
use crate::origin::Origin;
use crate::secret::Secret;
use crate::vault::Place;

/// Longest text, in characters.
const LONGEST_TEXT: usize = 2_500;
/// How long the address of a call opens one, in seconds (elevenlabs.io/docs, "Signed URL expiration").
const SIGNED_URL_LASTS_S: u32 = 900;

body! {
    /// A text to be said.
    pub struct VoiceIn {
        /// 1 to 2500 characters.
        text as "text": Option<String>,
        /// One of the site's voices; its first if absent.
        voice_id as "voice_id": Option<String>,
        /// One of the site's models; its first if absent.
        model_id as "model_id": Option<String>,
        /// `mp3_44100_128` if absent.
        format as "format": Option<Format>,
        /// The conversation that it belongs to; one that goes on needs no challenge.
        session_id as "session_id": Option<String>,
        visitor_id as "visitor_id": Option<String>,
        /// A solved Turnstile challenge, where the site asks for one and there is no conversation.
        turnstile_token as "turnstile_token": Option<Text<0, { turnstile::LONGEST_TOKEN }>>,
        /// For clients that cannot set the `X-Site-Key` header.
        site_key as "site_key": Option<String>,
    }
}

body! {
    /// Who is called.
    pub struct CallIn {
        /// `get_conversation_token`, as clients of the former service send it, or nothing.
        action as "action": Option<String>,
        /// The site's own agent, if any is named.
        agent_id as "agent_id": Option<String>,
        /// The conversation that it belongs to; one that goes on needs no challenge.
        session_id as "session_id": Option<String>,
        visitor_id as "visitor_id": Option<String>,
        /// A solved Turnstile challenge, where the site asks for one and there is no conversation.
        turnstile_token as "turnstile_token": Option<Text<0, { turnstile::LONGEST_TOKEN }>>,
        /// For clients that cannot set the `X-Site-Key` header.
        site_key as "site_key": Option<String>,
    }
}

/// Where the site's voice agent is called.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct SignedUrlOut {
    /// The address of a socket of the provider; a secret of this visitor.
    signed_url: String,
    /// Seconds within which a call must begin; it may last longer.
    expires_in: u32,
}

/// `POST /voice` (also `POST /voice/tts`): says a text aloud.
///
/// The answer is the sound while it is made, or JSON with all of it where `Accept` asks for `application/json`.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/voice", tag = "Visitors",
    params(("X-Site-Key" = Option<String>, Header, description = "The site's public key; pages of its keyless origin need none")),
    request_body = VoiceIn,
    responses((status = 200, description = "Also at /voice/tts; the sound itself unless JSON is asked for",
        content((crate::openapi::Sound = "audio/mpeg"), (clip::ClipOut = "application/json"))),
        crate::openapi::VoiceErrors)))]
pub async fn post_voice(op: Op, headers: HeaderMap, Read(body): Read<VoiceIn>) -> Result<Response> {
    let text = judge_text(body.text.as_deref())?;
    let voice = judge_provider_id("voice_id", body.voice_id)?;
    let model = judge_provider_id("model_id", body.model_id)?;
    let token = body.turnstile_token.map(String::from);
    let visit = Visit::of(&headers, body.site_key, body.session_id, body.visitor_id, token)?;
    let aside = Aside {
        is_clip: true,
        ms: budget::longest_ms(&text).into(),
        microusd: budget::highest_price(&text),
    };
    let Entered { site, payer, hold, limits } = enter(&op, &visit, aside).await?;
    let chosen = choose(&op, &site, payer, voice.as_ref(), model.as_ref());
    let Some(hold) = hold else {
        return chosen.and_then(|_| refuse(&op, &limits, aside));
    };
    let chosen = match chosen {
        Ok(chosen) => chosen,
        Err(error) => return Err(given_back(hold, error)),
    };
    let speech = Speech {
        text: &text,
        voice: &chosen.voice,
        model: &chosen.model,
        format: body.format.unwrap_or(Format::Mp3At128),
        tuning: &chosen.setting.tuning,
        longest_ms: budget::longest_ms(&text),
    };
    let clip = match chosen.provider.speak(&speech).await {
        Ok(clip) => clip,
        // What the provider may charge for stays set aside.
        Err(failure) if failure.may_be_billed => return Err(clip::error_of(&failure)),
        Err(failure) => return Err(given_back(hold, clip::error_of(&failure))),
    };
    let begun = Begun { clip, hold, microusd: budget::price(&text, &chosen.model) };
    let mut response =
        if accepts_json(&headers) { clip::whole(begun).await? } else { clip::stream(&op, begun) };
    budget::tell(response.headers_mut(), &limits, op.now());
    Ok(response)
}

/// `GET /voice/signed-url` (also `GET /api/elevenlabs-signed-url`): where the site's voice agent is called.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/voice/signed-url", tag = "Visitors",
    params(
        ("X-Site-Key" = Option<String>, Header, description = "The site's public key; pages of its keyless origin need none"),
        ("site_key" = Option<String>, Query, description = "For clients that cannot set the header"),
        ("agent_id" = Option<String>, Query, description = "The site's own agent, if any is named"),
        ("session_id" = Option<String>, Query, description = "The conversation that it belongs to; one that goes on needs no challenge"),
        ("visitor_id" = Option<String>, Query),
        ("turnstile_token" = Option<String>, Query, description = "A solved challenge, where the site asks for one")),
    responses((status = 200, description = "Also at /api/elevenlabs-signed-url", body = SignedUrlOut), crate::openapi::VoiceErrors)))]
pub async fn get_signed_url(op: Op, headers: HeaderMap, query: Query) -> Result<Response> {
    // A page's picture or frame would spend a call of any site whose key it names, and a prefetch one that nobody makes.
    let purpose = headers.get("sec-fetch-dest").and_then(|value| value.to_str().ok());
    if purpose.is_some_and(|purpose| purpose != "empty") {
        return Err(Error::forbidden("not_fetched", "Not asked for by a script")
            .hint("Ask by fetch, or by POST /voice/signed-url."));
    }
    let text = |name: &str| query.text(name).map(str::to_owned);
    let token = text("turnstile_token").filter(|token| token.len() <= turnstile::LONGEST_TOKEN);
    let visit =
        Visit::of(&headers, text("site_key"), text("session_id"), text("visitor_id"), token)?;
    call(&op, &visit, text("agent_id")).await
}

/// `POST /voice/signed-url`: where the site's voice agent is called.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/voice/signed-url", tag = "Visitors",
    params(("X-Site-Key" = Option<String>, Header, description = "The site's public key; pages of its keyless origin need none")),
    request_body = CallIn,
    responses((status = 200, body = SignedUrlOut), crate::openapi::VoiceErrors)))]
pub async fn create_signed_url(
    op: Op,
    headers: HeaderMap,
    Read(body): Read<CallIn>,
) -> Result<Response> {
    if body.action.as_deref().is_some_and(|action| action != "get_conversation_token") {
        return Err(Error::bad_request("invalid_action", "Invalid action")
            .hint("Send \"action\": \"get_conversation_token\", or none."));
    }
    let token = body.turnstile_token.map(String::from);
    let visit = Visit::of(&headers, body.site_key, body.session_id, body.visitor_id, token)?;
    call(&op, &visit, body.agent_id).await
}

async fn call(op: &Op, visit: &Visit, agent: Option<String>) -> Result<Response> {
    let agent = judge_provider_id("agent_id", agent)?;
    let aside = Aside { is_clip: false, ms: budget::CALL_MS, microusd: budget::CALL_MICROUSD };
    let Entered { site, payer, hold, limits } = enter(op, visit, aside).await?;
    let called = reach(op, &site, payer, agent.as_ref());
    let Some(hold) = hold else {
        return called.and_then(|_| refuse(op, &limits, aside));
    };
    let (provider, agent) = match called {
        Ok(called) => called,
        Err(error) => return Err(given_back(hold, error)),
    };
    let signed_url = match provider.signed_url(&agent).await {
        Ok(url) => url,
        Err(failure) => return Err(given_back(hold, clip::error_of(&failure))),
    };
    let out = SignedUrlOut { signed_url, expires_in: SIGNED_URL_LASTS_S };
    let mut response = Json(out).into_response();
    budget::tell(response.headers_mut(), &limits, op.now());
    Ok(response)
}

/// Who asks for which site.
struct Visit {
    claim: SiteClaim,
    origin: Option<Origin>,
    session: Option<String>,
    visitor: Option<String>,
    /// Of a challenge.
    token: Option<String>,
}

impl Visit {
    fn of(
        headers: &HeaderMap,
        key: Option<String>,
        session: Option<String>,
        visitor: Option<String>,
        token: Option<String>,
    ) -> Result<Self> {
        let key = judge_id("site_key", header_text(headers, X_SITE_KEY).or(key))?;
        let session = judge_id("session_id", session)?;
        let visitor = judge_id("visitor_id", visitor)?;
        let origin = cors::origin_of(headers);
        Ok(Self { claim: SiteClaim::of(key, origin.as_ref())?, origin, session, visitor, token })
    }

    fn visitor(&self, is_proven: bool) -> Visitor<'_> {
        let (session, id) = (self.session.as_deref(), self.visitor.as_deref());
        Visitor { session, id, is_proven }
    }
}

/// A site that was judged, and what was set aside if no limit stood against it.
struct Entered {
    site: SiteRow,
    payer: VoiceRow,
    hold: Option<Hold>,
    limits: Vec<LimitRow>,
}

async fn enter(op: &Op, visit: &Visit, aside: Aside) -> Result<Entered> {
    let Visit { claim, origin, token, .. } = visit;
    let page = origin.as_ref();
    let mut admission = store::admit(op, claim, page, visit.visitor(false), aside).await?;
    let environment = op.app.config.environment;
    let site = judge_site_for(Purpose::Speech, admission.site, claim, page, environment)?;
    op.request.set_org(&site.org_id);
    let no_org = || Error::internal("a site that was found has no org");
    let mut payer = admission.voice.ok_or_else(no_org)?;
    if !admission.is_admitted && !payer.has_session && Settings(&site.config).needs_turnstile() {
        if !is_proven(op, token.as_deref(), page).await {
            return Err(turnstile_required());
        }
        admission = store::admit(op, claim, page, visit.visitor(true), aside).await?;
        payer = admission.voice.ok_or_else(no_org)?;
    }
    let has_own_key = payer.has_own_key();
    let hold = admission.is_admitted.then(|| Hold::new(op, &site, aside, has_own_key));
    Ok(Entered { site, payer, hold, limits: admission.limits })
}

/// How a text is said.
struct Chosen<'a> {
    provider: ElevenLabs<'a>,
    setting: Setting,
    voice: ProviderId,
    model: ProviderId,
}

fn choose<'a>(
    op: &'a Op,
    site: &SiteRow,
    payer: VoiceRow,
    voice: Option<&ProviderId>,
    model: Option<&ProviderId>,
) -> Result<Chosen<'a>> {
    let no_voice = || not_configured("the site has no config.voice.voice_id");
    let setting = Setting::of(&site.config).ok_or_else(no_voice)?;
    let voice = setting.voice(voice).ok_or_else(no_voice)??;
    let model = setting.model(model)?;
    if !is_stock_voice(&voice) {
        payer.judge_id(&voice)?;
    }
    let provider = provider(op, site, payer)?;
    Ok(Chosen { provider, setting, voice, model })
}

fn reach<'a>(
    op: &'a Op,
    site: &SiteRow,
    payer: VoiceRow,
    asked: Option<&ProviderId>,
) -> Result<(ElevenLabs<'a>, ProviderId)> {
    let agent = Setting::of(&site.config).and_then(|setting| setting.agent);
    let agent = agent.ok_or_else(|| not_configured("the site has no config.voice.agent_id"))?;
    if asked.is_some_and(|asked| *asked != agent) {
        return Err(Error::forbidden("agent_not_allowed", "Agent not allowed")
            .hint("Leave \"agent_id\" out: the site's own agent takes its calls."));
    }
    payer.judge_id(&agent)?;
    Ok((provider(op, site, payer)?, agent))
}

/// The way to the provider that the site's own key opens, else the platform's for plans that have a voice.
fn provider<'a>(op: &'a Op, site: &SiteRow, payer: VoiceRow) -> Result<ElevenLabs<'a>> {
    let config = &op.app.config;
    let base = config.elevenlabs.base.as_deref();
    let base = base.ok_or_else(|| not_configured("ELEVENLABS_BASE_URL was refused"))?;
    let has_own_key = payer.has_own_key();
    let key = match payer.elevenlabs_api_key.filter(|_| has_own_key) {
        Some(sealed) => own_key(op, site, &sealed)?,
        None if payer.plan_has_voice => config
            .elevenlabs
            .key
            .clone()
            .ok_or_else(|| not_configured("ELEVENLABS_API_KEY is not set"))?,
        None => return Err(not_configured("the plan has no voice, and the site no key")),
    };
    Ok(ElevenLabs::new(op, base, key))
}

/// The site's own key. One that cannot be used is not replaced by ours: who pays is the owner's choice.
fn own_key(op: &Op, site: &SiteRow, sealed: &str) -> Result<Secret<String>> {
    let place =
        Place { table: "portal_sites", column: "elevenlabs_api_key", row: site.id.as_str() };
    let opened = op.app.config.vault.open(place, sealed);
    let key = opened.map_err(|error| not_configured(&error.private_context()))?;
    if !key.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(not_configured("the site's key cannot be sent in a header"));
    }
    Ok(key)
}

impl VoiceRow {
    fn has_own_key(&self) -> bool {
        self.elevenlabs_api_key.as_ref().is_some_and(|key| !key.is_empty())
    }

    /// Whether the key opens this id for the site. In the platform's account lie voices and agents of all customers: of
    /// these, a site has what staff assigned to it.
    fn judge_id(&self, id: &ProviderId) -> Result<()> {
        if self.has_own_key() || self.assigned_voices.iter().any(|known| known == id.as_str()) {
            return Ok(());
        }
        Err(not_configured("the voice or agent is not assigned to the site"))
    }
}

#[track_caller]
fn not_configured(context: &str) -> Error {
    Error::new(Kind::Unavailable, "voice_not_configured", "Service temporarily unavailable")
        .hint("This site has no voice yet: its owner sets config.voice, and a key, or a plan that has a voice and a stock voice or one that staff assigned.")
        .context(context)
}

/// Nothing was made: what was set aside is free again.
fn given_back(hold: Hold, error: Error) -> Error {
    hold.give_back();
    error
}

/// Says which limit stood against a request.
fn refuse(op: &Op, limits: &[LimitRow], aside: Aside) -> Result<Response> {
    let now = op.now();
    let refusal = budget::refusal(limits, aside, now)
        .ok_or_else(|| Error::internal("a request was not let in, and no limit says why"))?;
    let mut response = refusal.into_response();
    budget::tell(response.headers_mut(), limits, now);
    Ok(response)
}

/// A text, trimmed, of 1 to 2500 characters, without control characters but tabs and line ends.
fn judge_text(text: Option<&str>) -> Result<String> {
    let is_meant = |c: &char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    let text: String = text.unwrap_or_default().chars().filter(is_meant).collect();
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::bad_request("text_required", "Text is required")
            .hint("Send \"text\" with 1 to 2500 characters."));
    }
    if text.chars().nth(LONGEST_TEXT).is_some() {
        return Err(Error::bad_request("text_too_long", "Text too long")
            .hint("Shorten the text to 2500 characters, or send it in parts."));
    }
    Ok(text.to_owned())
}

fn judge_provider_id(name: &str, id: Option<String>) -> Result<Option<ProviderId>> {
    let Some(id) = id.filter(|id| !id.is_empty()) else { return Ok(None) };
    ProviderId::parse(&id)
        .map(Some)
        .ok_or_else(|| invalid(name, "must have 1 to 64 letters, digits, _ or -"))
}

fn accepts_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|types| types.to_ascii_lowercase().contains("application/json"))
}
