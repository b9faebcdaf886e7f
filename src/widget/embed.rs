//! Whether a page may have the widget: what its key opens and what stands against it, one question after the other.
//!
//! The same questions decide the answer to a page and explain it to whoever embeds the widget.

use http::{HeaderMap, Uri, header};
use serde_json::{Map, Value};

use super::deployment::WidgetDeploymentStatus;
use super::version::{Build, Pin, Target, WidgetChannel, WidgetVersionStatus};
use crate::config::Environment;
use crate::error::{Error, Kind, Result};
use crate::ids::{OrgId, SiteId};
use crate::middleware::cors::ORIGIN_NOT_ALLOWED;
use crate::origin::Origin;
use crate::row;
use crate::sites::pages::{Allowed, Pages};
use crate::time::StoredTime;

/// Longest key, in bytes.
pub(super) const LONGEST_KEY: usize = 128;

row! {
    /// What a key opens.
    #[derive(Debug, Clone)]
    pub(super) struct EmbedRow {
        pub(super) key_ends_at: Option<StoredTime>,
        pub(super) key_is_over: bool,
        pub(super) site_id: SiteId,
        pub(super) org_id: OrgId,
        pub(super) org_slug: Option<String>,
        pub(super) org_status: Option<String>,
        pub(super) site_name: String,
        pub(super) site_type: Option<String>,
        pub(super) site_status: Option<String>,
        pub(super) domain: Option<String>,
        pub(super) keyless_origin: Option<String>,
        pub(super) allowed_origins: Vec<String>,
        pub(super) config: Map<String, Value>,
        pub(super) deployment_id: Option<String>,
        pub(super) deployment_status: Option<WidgetDeploymentStatus>,
        pub(super) environment: Option<String>,
        pub(super) theme: Map<String, Value>,
        pub(super) behavior: Map<String, Value>,
        pub(super) locale: Map<String, Value>,
        pub(super) analytics: Map<String, Value>,
        pub(super) pin_channel: Option<WidgetChannel>,
        pub(super) rollout_percentage: Option<i64>,
        pub(super) pinned_version: Option<String>,
        pub(super) pinned_script_url: Option<String>,
        pub(super) pinned_styles_url: Option<String>,
        pub(super) pinned_integrity_hash: Option<String>,
        pub(super) pinned_min_profile_version: Option<i64>,
        pub(super) pinned_status: Option<WidgetVersionStatus>,
    }
}

impl EmbedRow {
    /// What counts and draws for this embed: the deployment, or the site that is embedded by its own key.
    pub(super) fn scope_id(&self) -> &str {
        self.deployment_id.as_deref().unwrap_or(self.site_id.as_str())
    }

    /// Its pin.
    pub(super) fn pin(&self) -> Option<Pin> {
        let target = match self.pin_channel {
            Some(channel) => Target::Channel(channel),
            None => Target::Build(Build {
                version: self.pinned_version.clone()?,
                script_url: self.pinned_script_url.clone()?,
                styles_url: self.pinned_styles_url.clone(),
                integrity_hash: self.pinned_integrity_hash.clone(),
                min_profile_version: self.pinned_min_profile_version?,
                status: self.pinned_status?,
            }),
        };
        Some(Pin { target, rollout_percentage: self.rollout_percentage? })
    }

    fn pages(&self) -> Pages<'_> {
        Pages {
            allowed_origins: &self.allowed_origins,
            domain: self.domain.as_deref(),
            keyless_origin: self.keyless_origin.as_deref(),
        }
    }
}

/// The page that a request comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Page {
    /// As its `Origin` says, which browsers send with requests to other origins.
    Origin(Origin),
    /// As its `Referer` says, or because it is one of ours.
    Other(Origin),
    /// It says something that is no origin, such as `null`.
    Unreadable,
    /// It says nothing.
    Unnamed,
}

impl Page {
    /// `Origin` if there is one, else the origin of `Referer`, else our own where the browser says that the page is.
    pub(super) fn of(headers: &HeaderMap, uri: &Uri) -> Self {
        let text = |name: &header::HeaderName| {
            headers.get(name).map(|value| value.to_str().unwrap_or_default())
        };
        if let Some(origin) = text(&header::ORIGIN) {
            return Origin::parse(origin).map_or(Self::Unreadable, Self::Origin);
        }
        if let Some(referer) = text(&header::REFERER) {
            return Origin::of_url(referer).map_or(Self::Unreadable, Self::Other);
        }
        let is_ours = headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin");
        let ours = is_ours.then(|| base_url(headers, uri)).as_deref().and_then(Origin::parse);
        ours.map_or(Self::Unnamed, Self::Other)
    }

    /// As a parameter names it.
    pub(super) fn named(origin: &str) -> Self {
        let origin = origin.strip_suffix('/').unwrap_or(origin);
        Origin::parse(origin).map_or(Self::Unreadable, Self::Origin)
    }
}

/// `https://host` of this Worker, as the request was sent to it.
pub(super) fn base_url(headers: &HeaderMap, uri: &Uri) -> String {
    let host = uri.authority().map(http::uri::Authority::as_str);
    let host = host.or_else(|| headers.get(header::HOST).and_then(|host| host.to_str().ok()));
    let scheme = uri.scheme_str().unwrap_or("https");
    host.map_or_else(String::new, |host| format!("{scheme}://{host}"))
}

/// One question and its answer.
#[derive(Debug)]
pub(super) struct Check {
    /// Which question.
    pub(super) name: &'static str,
    /// What stands against the embed, if something does.
    pub(super) refusal: Option<(Kind, &'static str)>,
    /// The answer in words.
    pub(super) text: String,
    /// The entry that lists the page.
    pub(super) entry: Option<String>,
}

impl Check {
    fn passed(name: &'static str, text: impl Into<String>) -> Self {
        Self { name, refusal: None, text: text.into(), entry: None }
    }

    fn failed(name: &'static str, kind: Kind, code: &'static str, text: impl Into<String>) -> Self {
        Self { name, refusal: Some((kind, code)), text: text.into(), entry: None }
    }

    /// The refusal as pages are told it. Clients of the widget read the code in `error`.
    fn refused(self) -> Option<Error> {
        let (kind, code) = self.refusal?;
        Some(Error::new(kind, code, code).hint(self.text))
    }
}

const KEY_UNKNOWN: &str = "deploy_key_unknown";
const NO_SUCH_KEY: &str = "There is no such key. Copy the embed code from the portal again.";

/// The refusal of what is no key.
#[cold]
#[track_caller]
pub(super) fn key_unknown() -> Error {
    Error::not_found(KEY_UNKNOWN, KEY_UNKNOWN).hint(NO_SUCH_KEY)
}

/// All questions. What a key opens comes first: without it there is nothing to ask.
pub(super) fn checks(
    embed: Option<&EmbedRow>,
    page: &Page,
    environment: Environment,
) -> Vec<Check> {
    let Some(embed) = embed else {
        return vec![Check::failed("key_known", Kind::NotFound, KEY_UNKNOWN, NO_SUCH_KEY)];
    };
    vec![
        key_known(embed),
        key_current(embed),
        origin_allowed(embed, page, environment),
        site_is_chatbot(embed),
        site_active(embed),
        org_active(embed),
        deployment_active(embed),
    ]
}

/// What the key opens, if nothing stands against the page.
pub(super) fn judge(
    embed: Option<EmbedRow>,
    page: &Page,
    environment: Environment,
) -> Result<EmbedRow> {
    let refusal = checks(embed.as_ref(), page, environment).into_iter().find_map(Check::refused);
    match (refusal, embed) {
        (None, Some(embed)) => Ok(embed),
        (Some(refusal), _) => Err(refusal),
        (None, None) => Err(Error::internal("no key and nothing against it")),
    }
}

fn key_known(embed: &EmbedRow) -> Check {
    let text = match &embed.environment {
        Some(environment) => format!("The key is that of a deployment, for {environment}."),
        None => "The key is a site's own.".to_owned(),
    };
    Check::passed("key_known", text)
}

fn key_current(embed: &EmbedRow) -> Check {
    let ends = embed.key_ends_at.as_ref().map(StoredTime::as_str);
    match ends {
        None => Check::passed("key_current", "It is the present key."),
        Some(ends) if embed.key_is_over => Check::failed(
            "key_current",
            Kind::NotFound,
            "deploy_key_expired",
            format!(
                "The key was replaced and ended at {ends}. Copy the embed code from the portal again."
            ),
        ),
        Some(ends) => Check::passed(
            "key_current",
            format!(
                "The key was replaced and goes on until {ends}. Put the present one into the page before."
            ),
        ),
    }
}

fn origin_allowed(embed: &EmbedRow, page: &Page, environment: Environment) -> Check {
    const NAME: &str = "origin_allowed";
    let failed = |text: String| Check::failed(NAME, Kind::Forbidden, ORIGIN_NOT_ALLOWED, text);
    let origin = match page {
        Page::Origin(origin) | Page::Other(origin) => origin,
        Page::Unreadable => {
            return failed(
                "The page's origin is not one such as https://www.example.com. Pages in a sandbox and files have none."
                    .to_owned(),
            );
        }
        Page::Unnamed => {
            return failed(
                "The request names no page: it has neither Origin nor Referer. Messages that name none are answered, as apps send them; a page always names itself."
                    .to_owned(),
            );
        }
    };
    let Some(allowed) = embed.pages().allows(origin, environment) else {
        return failed(format!(
            "Pages of {origin} may not have this widget. Add {origin} to the allowed origins of the {}.",
            if embed.deployment_id.is_some() { "deployment" } else { "site" }
        ));
    };
    let (entry, text) = match allowed {
        Allowed::Listed(entry) => {
            (Some(entry), format!("{origin} is listed, by the entry {entry}."))
        }
        Allowed::Domain(domain) => (Some(domain), format!("{origin} is the site's own domain.")),
        Allowed::Keyless(entry) => (Some(entry), format!("{origin} needs no key.")),
        Allowed::Development => (
            None,
            "Nothing is listed, which opens it to all pages on a developer's machine alone."
                .to_owned(),
        ),
    };
    Check { entry: entry.map(str::to_owned), ..Check::passed(NAME, text) }
}

fn site_is_chatbot(embed: &EmbedRow) -> Check {
    const NAME: &str = "site_is_chatbot";
    if embed.site_type.as_deref().is_none_or(|kind| kind == "chatbot") {
        return Check::passed(NAME, "The site has a chat.");
    }
    let text = "The site is for voice or automation and has no chat.";
    Check::failed(NAME, Kind::Forbidden, "site_not_for_chat", text)
}

fn site_active(embed: &EmbedRow) -> Check {
    const NAME: &str = "site_active";
    if embed.site_status.as_deref() == Some("active") {
        return Check::passed(NAME, "The site is active.");
    }
    let text = "The site is paused or inactive; its admins can resume it in the portal.";
    Check::failed(NAME, Kind::Forbidden, "site_not_active", text)
}

fn org_active(embed: &EmbedRow) -> Check {
    const NAME: &str = "org_active";
    if matches!(embed.org_status.as_deref(), Some("active" | "at_risk")) {
        return Check::passed(NAME, "The organization is active.");
    }
    let text = "The organization of this site is inactive.";
    Check::failed(NAME, Kind::Forbidden, "org_not_active", text)
}

fn deployment_active(embed: &EmbedRow) -> Check {
    const NAME: &str = "deployment_active";
    let code_and_text = match embed.deployment_status {
        None => return Check::passed(NAME, "The site's own key belongs to no deployment."),
        Some(WidgetDeploymentStatus::Active) => {
            return Check::passed(NAME, "The deployment is active.");
        }
        Some(WidgetDeploymentStatus::Paused) => (
            "deployment_paused",
            "The deployment is paused; its admins can activate it in the portal.",
        ),
        Some(WidgetDeploymentStatus::Disabled) => (
            "deployment_disabled",
            "The deployment is disabled; its admins can activate it in the portal.",
        ),
    };
    Check::failed(NAME, Kind::Forbidden, code_and_text.0, code_and_text.1)
}

/// Whether there is a build of the widget to load, and whether the pinned one still ought to be.
pub(super) fn build_offered(embed: &EmbedRow, build: Option<&Build>) -> Check {
    const NAME: &str = "build_offered";
    let Some(build) = build else {
        let text = "No build of the widget is offered; staff publish one. The page loads nothing until then.";
        return Check::failed(NAME, Kind::Unavailable, "widget_build_missing", text);
    };
    let version = &build.version;
    let is_old = embed.pinned_status == Some(WidgetVersionStatus::Deprecated)
        && embed.pinned_version.as_ref() == Some(version);
    Check::passed(
        NAME,
        if is_old {
            format!(
                "The deployment is pinned to {version}, which is deprecated: pin another, or none."
            )
        } else {
            format!("The page loads {version}.")
        },
    )
}

/// Whether chat is still paid for, by the names of the limits that are used up.
pub(super) fn budget_left(used_up: &[String]) -> Check {
    const NAME: &str = "budget_left";
    let Some(limit) = used_up.first() else {
        return Check::passed(NAME, "The messages of the day and of the month are not used up.");
    };
    let whose = match limit.as_str() {
        "deployment-day" => "The deployment's messages of the day are",
        "site-day" => "The site's budget of the day is",
        "site-month" => "The site's budget of the month is",
        "org-day" => "The organization's budget of the day is",
        _ => "The organization's budget of the month is",
    };
    let text =
        format!("{whose} used up; the widget is shown, and messages are refused until the next.");
    Check::failed(NAME, Kind::RateLimited, "budget_used_up", text)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn page(headers: &[(&'static str, &'static str)]) -> Page {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_static(value));
        }
        Page::of(&map, &Uri::from_static("https://api.example/widget/config/k"))
    }

    fn origin(text: &str) -> Origin {
        Origin::parse(text).unwrap()
    }

    #[test]
    fn a_page_is_its_origin_or_where_it_was_sent_from() {
        let other = |text| Page::Other(origin(text));
        assert_eq!(
            page(&[("origin", "https://a.example"), ("referer", "https://b.example/x")]),
            Page::Origin(origin("https://a.example"))
        );
        for referer in [
            "https://b.example",
            "https://b.example/x/y?z#w",
            "https://b.example?x=https://a.example",
        ] {
            assert_eq!(page(&[("referer", referer)]), other("https://b.example"), "{referer}");
        }
        assert_eq!(page(&[("sec-fetch-site", "same-origin")]), other("https://api.example"));
        assert_eq!(page(&[("sec-fetch-site", "cross-site")]), Page::Unnamed);
        assert_eq!(page(&[]), Page::Unnamed);
    }

    #[test]
    fn an_origin_that_is_none_is_not_made_up_for_by_a_referer() {
        for value in ["null", "https://a.example/", "", "file://"] {
            let page = page(&[("origin", value), ("referer", "https://b.example/x")]);
            assert_eq!(page, Page::Unreadable, "{value}");
        }
        for value in ["about:blank", "https://user@a.example/", "/x", "//a.example"] {
            assert_eq!(page(&[("referer", value)]), Page::Unreadable, "{value}");
        }
    }
}
