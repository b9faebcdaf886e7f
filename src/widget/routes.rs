//! What pages that embed the widget ask for.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::embed::{self, Check, EmbedRow, LONGEST_KEY, Page};
use super::events::{self, WidgetEventsIn};
use super::profile::Section;
use super::site_parts::{self, WidgetLeadFormOut, WidgetTurnstileOut};
use super::store;
use super::version::{self, Build};
use crate::app::Op;
use crate::chat::settings::Settings;
use crate::error::{Error, Result};
use crate::http::body::{Read, Text, invalid};
use crate::http::extract::{Json, Path, Query, refused};
use crate::ids::random_bytes;

/// Where the widget sends messages, and what the addresses of its session begin with.
const CHAT_PATH: &str = "/v1/chat";
const SESSION_PATH: &str = "/chat/sessions";
/// How long pages and caches may go on with a configuration.
const CACHE: &str = "public, max-age=300";
/// The same where it was not the `Origin` that named the page: a shared cache could not tell two pages apart.
const CACHE_OF_PAGE: &str = "private, max-age=300";
/// Longest id of a visitor, in bytes.
const LONGEST_VISITOR: usize = 128;

/// What a page needs to show the widget.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct WidgetConfigResultOut {
    config: WidgetConfigOut,
}

/// The configuration. Each member whose name has several words is there in both spellings.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
struct WidgetConfigOut {
    #[serde(flatten)]
    camel: WidgetConfigCamelOut,
    #[serde(flatten)]
    snake: WidgetConfigSnakeOut,
    /// Position, colours, texts of the frame.
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = super::profile_routes::WidgetTheme))]
    theme: Map<String, Value>,
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = super::profile_routes::WidgetBehavior))]
    behavior: Map<String, Value>,
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = super::profile_routes::WidgetLocale))]
    locale: Map<String, Value>,
    analytics: WidgetAnalyticsOut,
    /// The challenge that a new conversation needs; null where it needs none.
    turnstile: Option<WidgetTurnstileOut>,
    endpoints: WidgetEndpointsOut,
    /// `development`, `staging` or `production`; null for a site's own key.
    environment: Option<String>,
}

macro_rules! spellings {
    ($($(#[$doc:meta])* $field:ident: $type:ty),* $(,)?) => {
        /// Members of the configuration in `camelCase`.
        #[derive(Debug, Clone, Serialize)]
        #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
        #[serde(rename_all = "camelCase")]
        struct WidgetConfigCamelOut { $($(#[$doc])* $field: $type),* }

        /// The same in `snake_case`.
        #[derive(Debug, Serialize)]
        #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
        struct WidgetConfigSnakeOut { $($(#[$doc])* $field: $type),* }

        impl From<WidgetConfigCamelOut> for WidgetConfigSnakeOut {
            fn from(camel: WidgetConfigCamelOut) -> Self {
                Self { $($field: camel.$field),* }
            }
        }
    };
}

spellings! {
    deploy_key: String,
    /// Empty where the organization has none.
    org_slug: String,
    site_name: String,
    /// The build to load, such as `1.0.0`; null where none is offered.
    widget_version: Option<String>,
    /// Subresource integrity of the script.
    #[serde(skip_serializing_if = "Option::is_none")]
    widget_integrity: Option<String>,
    widget_script: Option<String>,
    widget_styles: Option<String>,
    /// What a visitor may ask with one click.
    starter_prompts: Vec<String>,
    /// Time zone and intervals by day of the week; null where somebody is always there.
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Object>))]
    office_hours: Option<Value>,
    /// What is said when nobody is there.
    away_text: Option<String>,
    lead_form: Option<WidgetLeadFormOut>,
}

/// What the widget may tell; which other events it may is not told.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct WidgetAnalyticsOut {
    track_events: bool,
    track_conversions: bool,
}

/// Absolute addresses of this Worker.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
struct WidgetEndpointsOut {
    chat: String,
    /// A session's own address is this, a slash and its id.
    session: String,
    events: String,
}

/// `GET /widget/config/{deployKey}`: how the widget looks and behaves on the page that asks, and where it finds the rest.
///
/// The key is that of a deployment, also one that was replaced and still goes on, or a site's own. The page is named by
/// `Origin`, else by `Referer`, and must be one of those that the deployment or the site lists.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/widget/config/{deployKey}", tag = "Visitors",
    params(("deployKey" = String, Path),
           ("vid" = Option<String>, Query, description = "An id that stays with the visitor: draws the visitors of a version that is rolled out to some"),
           ("Origin" = Option<String>, Header), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = WidgetConfigResultOut, headers(("ETag" = String, description = "Names this configuration"))),
              (status = 304, description = "As If-None-Match has it"), crate::openapi::VisitorErrors)))]
pub async fn get_widget_config(
    op: Op,
    Path(key): Path<String>,
    query: Query,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response> {
    let key = judge_key(&key)?;
    let page = Page::of(&headers, &uri);
    let visitor = query.text("vid").filter(|visitor| visitor.len() <= LONGEST_VISITOR);
    let (found, builds) = store::embed_and_builds(&op, key).await?;
    let embed = embed::judge(found, &page, op.app.config.environment)?;
    op.request.set_org(&embed.org_id);
    let build = version::choose(&builds, embed.pin().as_ref(), embed.scope_id(), visitor);
    let turnstile = op.app.config.turnstile_site_key.as_deref();
    let config = config_of(key, embed, build, turnstile, &embed::base_url(&headers, &uri));
    answer(&WidgetConfigResultOut { config }, &page, &headers)
}

/// What is too long to be a key is none.
fn judge_key(key: &str) -> Result<&str> {
    if key.len() <= LONGEST_KEY { Ok(key) } else { Err(embed::key_unknown()) }
}

fn config_of(
    key: &str,
    embed: EmbedRow,
    build: Option<Build>,
    turnstile: Option<&str>,
    base: &str,
) -> WidgetConfigOut {
    let analytics = Section::Analytics.whole(&embed.analytics);
    let is_on = |name: &str| analytics.get(name).and_then(Value::as_bool).unwrap_or(true);
    let site = Settings(&embed.config);
    let (version, script, styles, integrity) = build.map_or((None, None, None, None), |build| {
        (Some(build.version), Some(build.script_url), build.styles_url, build.integrity_hash)
    });
    let camel = WidgetConfigCamelOut {
        deploy_key: key.to_owned(),
        org_slug: embed.org_slug.unwrap_or_default(),
        site_name: embed.site_name,
        widget_version: version,
        widget_integrity: integrity,
        widget_script: script,
        widget_styles: styles,
        starter_prompts: site.starter_prompts().into_iter().map(str::to_owned).collect(),
        office_hours: site.office_hours(),
        away_text: site.away_text().map(str::to_owned),
        lead_form: site.lead_capture().map(WidgetLeadFormOut::from),
    };
    WidgetConfigOut {
        snake: camel.clone().into(),
        camel,
        theme: Section::Theme.whole(&embed.theme),
        behavior: Section::Behavior.whole(&embed.behavior),
        locale: locale_of(&embed.locale, site),
        analytics: WidgetAnalyticsOut {
            track_events: is_on("trackEvents"),
            track_conversions: is_on("trackConversions"),
        },
        turnstile: site_parts::turnstile(site, turnstile),
        endpoints: WidgetEndpointsOut {
            chat: format!("{base}{CHAT_PATH}"),
            session: format!("{base}{SESSION_PATH}"),
            events: format!("{base}/widget/events"),
        },
        environment: embed.environment,
    }
}

/// The texts of the look; where it has no greeting of its own, the site's greets.
fn locale_of(stored: &Map<String, Value>, site: Settings<'_>) -> Map<String, Value> {
    const GREETING: &str = "greeting";
    let mut locale = Section::Locale.whole(stored);
    if !stored.contains_key(GREETING) {
        locale.extend(site.greeting().map(|text| (GREETING.to_owned(), text.into())));
    }
    locale
}

/// The configuration with its tag, or 304 for who has it.
fn answer(config: &WidgetConfigResultOut, page: &Page, request: &HeaderMap) -> Result<Response> {
    let body = serde_json::to_vec(config)
        .map_err(|error| Error::internal(format!("a configuration does not serialise: {error}")))?;
    let digest: [u8; 32] = Sha256::digest(&body).into();
    let tag: String = hex::encode(digest).chars().take(32).collect();
    let tag = format!("\"{tag}\"");
    let mut response = if has_tag(request, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(Body::from(body));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    };
    let headers = response.headers_mut();
    let cache = if matches!(page, Page::Origin(_)) { CACHE } else { CACHE_OF_PAGE };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.extend(HeaderValue::from_str(&tag).ok().map(|tag| (header::ETAG, tag)));
    Ok(response)
}

/// Whether `If-None-Match` has the tag; a weak one counts (RFC 9110, section 13.1.2).
fn has_tag(request: &HeaderMap, tag: &str) -> bool {
    let values = request.get_all(header::IF_NONE_MATCH).iter();
    values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(
        |listed| {
            let listed = listed.trim();
            listed == "*" || listed.strip_prefix("W/").unwrap_or(listed) == tag
        },
    )
}

/// Why an embed is refused, or that it would work.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct WidgetCheckOut {
    /// Whether the page gets the widget, and answers.
    ok: bool,
    /// The first thing that stands against it.
    code: Option<&'static str>,
    message: String,
    checks: Vec<WidgetCheckEntryOut>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct WidgetCheckEntryOut {
    /// Such as `origin_allowed`.
    check: &'static str,
    ok: bool,
    /// The code of the refusal.
    code: Option<&'static str>,
    message: String,
    /// The allowed origin, or the domain, that the page matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    matched_entry: Option<String>,
}

impl From<Check> for WidgetCheckEntryOut {
    fn from(check: Check) -> Self {
        let code = check.refusal.map(|(_, code)| code);
        let ok = code.is_none();
        Self { check: check.name, ok, code, message: check.text, matched_entry: check.entry }
    }
}

/// `GET /widget/check`: asks one by one what could stand against an embed, and says what to do about it.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/widget/check", tag = "Visitors",
    params(("key" = String, Query, description = "The key in the embed code"),
           ("origin" = Option<String>, Query, description = "The page's origin, such as https://www.example.com; the asking page's if absent")),
    responses((status = 200, body = WidgetCheckOut), crate::openapi::VisitorErrors)))]
pub async fn check_widget(
    op: Op,
    query: Query,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<WidgetCheckOut>> {
    // What is too long to be a key is one that nobody knows, which is what this answer is about.
    let key = query.text("key").ok_or_else(|| refused("key", "is required"))?;
    let key = if key.len() <= LONGEST_KEY { key } else { "" };
    let page = query.text("origin").map_or_else(|| Page::of(&headers, &uri), Page::named);
    let (found, used_up, builds) = store::embed_and_limits(&op, key).await?;
    let mut checks = embed::checks(found.as_ref(), &page, op.app.config.environment);
    if let Some(embed) = &found {
        let build = version::choose(&builds, embed.pin().as_ref(), embed.scope_id(), None);
        checks.push(embed::build_offered(embed, build.as_ref()));
        checks.push(embed::budget_left(&used_up));
    }
    let checks: Vec<WidgetCheckEntryOut> =
        checks.into_iter().map(WidgetCheckEntryOut::from).collect();
    let failed = checks.iter().find(|check| !check.ok);
    Ok(Json(WidgetCheckOut {
        ok: failed.is_none(),
        code: failed.and_then(|check| check.code),
        message: failed.map_or_else(
            || "The widget works on this page.".to_owned(),
            |check| check.message.clone(),
        ),
        checks,
    }))
}

/// What became of a batch of events.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct WidgetEventsAcceptedOut {
    /// How many of them are of a kind that the profile tracks.
    accepted: u32,
    /// Whether the embed is so busy that only a part of its batches is counted, and these for the others.
    sampled: bool,
}

/// `POST /widget/events`: counts what happened in a widget, by day. Only the counts are kept.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/widget/events", tag = "Visitors",
    params(("X-Site-Key" = Option<String>, Header, description = "The key, where the body has none")), request_body = WidgetEventsIn,
    responses((status = 202, body = WidgetEventsAcceptedOut), crate::openapi::VisitorWriteErrors)))]
pub async fn post_widget_events(
    op: Op,
    headers: HeaderMap,
    uri: Uri,
    Read(batch): Read<WidgetEventsIn>,
) -> Result<(StatusCode, Json<WidgetEventsAcceptedOut>)> {
    let names = batch.names()?;
    let header_key = headers.get("x-site-key").and_then(|key| key.to_str().ok()).map(str::trim);
    let body_key = batch.deploy_key.as_ref().or(batch.deploy_key_snake.as_ref()).map(Text::as_str);
    let key = header_key.or(body_key).ok_or_else(|| invalid("deployKey", "is required"))?;
    let key = judge_key(key)?;

    let found = store::embed(&op, key).await?;
    let embed = embed::judge(found, &Page::of(&headers, &uri), op.app.config.environment)?;
    op.request.set_org(&embed.org_id);
    let counts = events::counted(&names, &Section::Analytics.whole(&embed.analytics))?;
    let accepted = counts.values().sum();
    let [roll] = random_bytes::<1>()?;
    let weight = match accepted {
        0 => 0,
        _ => op.app.widget_events.weight(embed.scope_id(), op.now(), roll),
    };
    if weight > 0 {
        let counts = counts.into_iter().map(|(name, count)| (name, count * weight)).collect();
        store::events_count(&op, &embed, &counts).await?;
    }
    let sampled = accepted > 0 && weight != 1;
    Ok((StatusCode::ACCEPTED, Json(WidgetEventsAcceptedOut { accepted, sampled })))
}
