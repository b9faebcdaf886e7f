//! Whether a visitor's message is let in: message, site, page and session, judged in this order.
//!
//! The database judges the same in the statement that counts the message (`turn_admit.sql`); here a refusal
//! gets its words.

use serde_json::{Map, Value};

use crate::config::Environment;
use crate::db::Param;
use crate::error::{Error, Kind, Result};
use crate::gateway;
use crate::ids::{OrgId, SiteId};
use crate::middleware::cors::ORIGIN_NOT_ALLOWED;
use crate::origin::Origin;
use crate::row;
use crate::sites::pages::Pages;
use crate::time::StoredTime;

/// Longest message, in characters; a plan or a site may allow less.
const LONGEST_MESSAGE: usize = 5_000;
/// The code of a challenge that was not solved.
pub(super) const TURNSTILE_REQUIRED: &str = "turnstile_required";
/// Longest key, session id or visitor id, in bytes.
const LONGEST_ID: usize = 128;

/// A message, trimmed, of 1 to 5 000 characters, without control characters but tabs and line ends.
pub(super) fn judge_message(message: Option<&str>) -> Result<String> {
    let message = without_controls(message.unwrap_or_default());
    let message = message.trim();
    if message.is_empty() {
        return Err(Error::bad_request("message_required", "Message is required")
            .hint("Send \"message\" with 1 to 5000 characters."));
    }
    if message.chars().nth(LONGEST_MESSAGE).is_some() {
        return Err(message_too_long(LONGEST_MESSAGE));
    }
    Ok(message.to_owned())
}

/// A text without control characters but tabs and line ends.
pub(super) fn without_controls(text: &str) -> String {
    let is_meant = |c: &char| !c.is_ascii_control() || matches!(c, '\t' | '\n' | '\r');
    text.chars().filter(is_meant).collect()
}

#[track_caller]
fn message_too_long(most: usize) -> Error {
    Error::bad_request("message_too_long", "Message too long. Maximum 5000 characters.")
        .hint(format!("Shorten the message to {most} characters, or send it in parts."))
}

/// An optional id: absent when empty, refused when too long to be one.
pub(crate) fn judge_id(name: &'static str, id: Option<String>) -> Result<Option<String>> {
    match id {
        Some(id) if id.len() > LONGEST_ID => {
            Err(Error::bad_request("invalid_body", "Invalid request body")
                .hint(format!("\"{name}\" has more than {LONGEST_ID} bytes."))
                .about(name))
        }
        id => Ok(id.filter(|id| !id.is_empty())),
    }
}

/// How a request names its site.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum SiteClaim {
    /// By its key.
    Key(String),
    /// By the page it comes from.
    Page(Origin),
    /// By its id, with a gateway token that may talk to it.
    Bot {
        /// Of the token.
        digest: String,
        /// `portal_sites.id`.
        bot: String,
    },
}

impl SiteClaim {
    /// The key if there is one, else the page.
    pub(crate) fn of(key: Option<String>, origin: Option<&Origin>) -> Result<Self> {
        match (key, origin) {
            (Some(key), _) => Ok(Self::Key(key)),
            (None, Some(origin)) => Ok(Self::Page(origin.clone())),
            (None, None) => {
                Err(Error::new(Kind::Unauthenticated, "site_key_missing", "Site key required")
                    .hint("Send the site's key in the X-Site-Key header."))
            }
        }
    }

    fn refusal(&self) -> Error {
        match self {
            Self::Key(_) => {
                Error::new(Kind::Unauthenticated, "site_key_unknown", "Invalid site key")
                    .hint("Check the key in your embed code.")
            }
            Self::Page(_) => {
                Error::new(Kind::Unauthenticated, "site_key_missing", "Site key required").hint(
                    "No site answers this page without a key; send it in the X-Site-Key header.",
                )
            }
            Self::Bot { .. } => gateway::routes::bot_not_found(),
        }
    }

    /// What names the site in the statements: its key, its page, the digest of a token, and its id.
    pub(super) fn params(&self) -> [Param; 4] {
        let null = || Param::Null;
        match self {
            Self::Key(key) => [key.as_str().into(), null(), null(), null()],
            Self::Page(origin) => [null(), origin.to_string().into(), null(), null()],
            Self::Bot { digest, bot } => {
                [null(), null(), digest.as_str().into(), bot.as_str().into()]
            }
        }
    }
}

row! {
    /// The site of a request, with what the turn needs of it and of its org.
    #[derive(Debug, Clone)]
    pub(crate) struct SiteRow {
        pub(crate) id: SiteId,
        pub(crate) org_id: OrgId,
        pub(super) name: String,
        pub(super) r#type: Option<String>,
        pub(super) status: Option<String>,
        pub(super) domain: Option<String>,
        pub(super) keyless_origin: Option<String>,
        pub(super) allowed_origins: Vec<String>,
        pub(crate) config: Map<String, Value>,
        pub(super) system_prompt: Option<String>,
        /// Sealed.
        pub(super) google_api_key: Option<String>,
        /// Sealed.
        pub(super) openai_api_key: Option<String>,
        pub(super) org_name: Option<String>,
        pub(super) org_status: Option<String>,
        pub(crate) deployment_id: Option<String>,
        pub(super) deployment_status: Option<String>,
        /// The gateway token that opened it.
        pub(super) token_id: Option<String>,
        /// When a use of the token was noted last.
        pub(super) token_used_at: Option<StoredTime>,
        pub(super) concurrent_sessions: Option<i64>,
        pub(super) message_characters: i64,
        /// What one turn may cost, in micro-dollars.
        pub(super) turn_microusd: i64,
        /// Models that the platform pays for; all of them if the plan names none.
        pub(super) plan_models: Option<Vec<String>>,
    }
}

impl SiteRow {
    fn allows_page(&self, origin: &Origin, environment: Environment) -> bool {
        let pages = Pages {
            allowed_origins: &self.allowed_origins,
            domain: self.domain.as_deref(),
            keyless_origin: self.keyless_origin.as_deref(),
        };
        pages.allows(origin, environment).is_some()
    }
}

/// What a request asks of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To answer a message.
    Chat,
    /// To say something aloud.
    Speech,
}

impl Purpose {
    fn judge(self, kind: &str) -> Result<()> {
        match (self, kind) {
            (_, "chatbot") | (Self::Speech, "voice") => Ok(()),
            (Self::Chat, _) => Err(Error::forbidden("site_not_for_chat", "Site is not a chatbot")
                .hint("Use the key of a chatbot site.")),
            (Self::Speech, _) => Err(Error::forbidden("site_not_for_voice", "Site does not speak")
                .hint("Use the key of a chatbot or voice site.")),
        }
    }
}

/// Judges the site, then the page, for a message.
pub(super) fn judge_site(
    site: Option<SiteRow>,
    claim: &SiteClaim,
    origin: Option<&Origin>,
    environment: Environment,
) -> Result<SiteRow> {
    judge_site_for(Purpose::Chat, site, claim, origin, environment)
}

/// Judges whether the claim names a site, then whether that lists the page.
pub(super) fn judge_page(
    site: Option<SiteRow>,
    claim: &SiteClaim,
    origin: Option<&Origin>,
    environment: Environment,
) -> Result<SiteRow> {
    let site = site.ok_or_else(|| claim.refusal())?;
    let page = origin.filter(|_| site.token_id.is_none());
    if let Some(page) = page.filter(|page| !site.allows_page(page, environment)) {
        return Err(Error::forbidden(ORIGIN_NOT_ALLOWED, "Origin not allowed")
            .hint(format!("Add {page} to the site's allowed origins.")));
    }
    Ok(site)
}

/// Judges the site, then the page, then whether it serves the purpose now.
pub(crate) fn judge_site_for(
    purpose: Purpose,
    site: Option<SiteRow>,
    claim: &SiteClaim,
    origin: Option<&Origin>,
    environment: Environment,
) -> Result<SiteRow> {
    let site = judge_page(site, claim, origin, environment)?;
    if let Some(kind) = site.r#type.as_deref() {
        purpose.judge(kind)?;
    }
    if site.status.as_deref() != Some("active") {
        return Err(Error::forbidden("site_not_active", "Site is not active")
            .hint("The site is paused or inactive; its owner can resume it."));
    }
    if site.deployment_status.as_deref().is_some_and(|status| status != "active") {
        return Err(Error::forbidden("deployment_not_active", "Deployment is not active")
            .hint("This embed is paused or disabled; its owner can activate it."));
    }
    if !matches!(site.org_status.as_deref(), Some("active" | "at_risk")) {
        return Err(Error::forbidden("org_not_active", "Organization is not active")
            .hint("The organization of this site is inactive."));
    }
    Ok(site)
}

/// A challenge is asked for, and none was solved.
#[cold]
#[track_caller]
pub(crate) fn turnstile_required() -> Error {
    Error::forbidden(TURNSTILE_REQUIRED, "Challenge required").hint(
        "Solve the Turnstile challenge on the page and send its token as \"turnstile_token\".",
    )
}

/// Judges a message's length by what the site allows.
pub(super) fn judge_length(message: &str, site: &SiteRow) -> Result<()> {
    let most = usize::try_from(site.message_characters).unwrap_or(LONGEST_MESSAGE);
    if message.chars().nth(most).is_some() {
        return Err(message_too_long(most));
    }
    Ok(())
}

row! {
    /// A stored session.
    #[derive(Debug, Clone)]
    pub(super) struct SessionRow {
        pub(super) site_id: SiteId,
        pub(super) visitor_id: Option<String>,
        pub(super) status: Option<String>,
        pub(super) handoff: Option<String>,
        /// The language that was spoken so far.
        pub(super) locale: Option<String>,
        /// Whether it has as many messages as it may.
        pub(super) is_full: bool,
    }
}

/// Judges the session that a message continues: it must be the site's, the visitor's, and open.
pub(super) fn judge_session(
    session: Option<SessionRow>,
    site: &SiteRow,
    visitor_id: Option<&str>,
) -> Result<SessionRow> {
    let not_found = || {
        Error::not_found("session_not_found", "Session not found")
            .hint("Leave \"session_id\" out to start a new conversation.")
    };
    let session = session.filter(|session| session.site_id == site.id).ok_or_else(not_found)?;
    if session.visitor_id.is_some() && session.visitor_id.as_deref() != visitor_id {
        return Err(not_found());
    }
    if session.status.as_deref() != Some("active") {
        return Err(session_closed());
    }
    if session.is_full {
        return Err(Error::conflict("session_full", "Session is too long")
            .hint("Leave \"session_id\" out to start a new conversation."));
    }
    Ok(session)
}

/// The session has ended.
pub(super) fn session_closed() -> Error {
    Error::conflict("session_closed", "Session has ended")
        .hint("Leave \"session_id\" out to start a new conversation.")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::chat) fn site() -> SiteRow {
        SiteRow {
            id: SiteId::from("s".to_owned()),
            org_id: OrgId::from("o".to_owned()),
            name: "Smile".to_owned(),
            r#type: Some("chatbot".to_owned()),
            status: Some("active".to_owned()),
            domain: Some("smile.example".to_owned()),
            keyless_origin: None,
            allowed_origins: vec!["https://shop.example".to_owned()],
            config: Map::new(),
            system_prompt: None,
            google_api_key: None,
            openai_api_key: None,
            org_name: None,
            org_status: Some("active".to_owned()),
            deployment_id: None,
            deployment_status: None,
            token_id: None,
            token_used_at: None,
            concurrent_sessions: None,
            message_characters: 5_000,
            turn_microusd: 20_000,
            plan_models: None,
        }
    }

    fn judged(site: SiteRow, origin: Option<&str>) -> Result<SiteRow, &'static str> {
        let origin = origin.map(|text| Origin::parse(text).unwrap());
        let claim = SiteClaim::Key("sk".to_owned());
        judge_site(Some(site), &claim, origin.as_ref(), Environment::Production)
            .map_err(|error| error.code())
    }

    #[test]
    fn messages_have_one_to_5000_characters() {
        assert_eq!(judge_message(Some("  hi ")).unwrap(), "hi");
        let controls = "\u{0}a\u{1}\tb\r\nc\u{1f}\u{7f} \u{8}";
        assert_eq!(judge_message(Some(controls)).unwrap(), "a\tb\r\nc");
        assert_eq!(judge_message(Some("\u{1} \u{2}")).unwrap_err().code(), "message_required");
        assert!(judge_message(Some(&"é".repeat(5_000))).is_ok());
        let code = |message: Option<&str>| judge_message(message).unwrap_err().code();
        assert_eq!(code(None), "message_required");
        assert_eq!(code(Some(" \n ")), "message_required");
        assert_eq!(code(Some(&"é".repeat(5_001))), "message_too_long");
    }

    #[test]
    fn pages_are_those_listed_and_those_of_the_domain() {
        for page in [
            None,
            Some("https://shop.example"),
            Some("https://smile.example"),
            Some("https://www.smile.example"),
        ] {
            assert!(judged(site(), page).is_ok(), "{page:?}");
        }
        for page in ["https://evil.example", "http://smile.example", "https://x.smile.example"] {
            assert_eq!(judged(site(), Some(page)).unwrap_err(), ORIGIN_NOT_ALLOWED, "{page}");
        }
    }

    #[test]
    fn a_site_without_pages_is_closed_outside_development() {
        let bare = SiteRow { domain: None, allowed_origins: Vec::new(), ..site() };
        assert_eq!(
            judged(bare.clone(), Some("https://any.example")).unwrap_err(),
            ORIGIN_NOT_ALLOWED
        );
        let origin = Origin::parse("https://any.example").unwrap();
        let claim = SiteClaim::Key("sk".to_owned());
        assert!(judge_site(Some(bare), &claim, Some(&origin), Environment::Development).is_ok());
    }

    #[test]
    fn paused_sites_voice_sites_and_closed_orgs_are_refused() {
        let status = |status: &str| SiteRow { status: Some(status.to_owned()), ..site() };
        assert_eq!(judged(status("paused"), None).unwrap_err(), "site_not_active");
        assert_eq!(judged(status("inactive"), None).unwrap_err(), "site_not_active");
        let voice = SiteRow { r#type: Some("voice".to_owned()), ..site() };
        assert_eq!(judged(voice.clone(), None).unwrap_err(), "site_not_for_chat");
        let speaks = |site| {
            let claim = SiteClaim::Key("sk".to_owned());
            judge_site_for(Purpose::Speech, Some(site), &claim, None, Environment::Production)
                .map(|_| ())
                .map_err(|error| error.code())
        };
        assert_eq!((speaks(voice), speaks(site())), (Ok(()), Ok(())));
        let automation = SiteRow { r#type: Some("automation".to_owned()), ..site() };
        assert_eq!(speaks(automation), Err("site_not_for_voice"));
        let churned = SiteRow { org_status: Some("churned".to_owned()), ..site() };
        assert_eq!(judged(churned, None).unwrap_err(), "org_not_active");
        let paused = SiteRow { deployment_status: Some("paused".to_owned()), ..site() };
        assert_eq!(judged(paused, None).unwrap_err(), "deployment_not_active");
    }

    #[test]
    fn sessions_belong_to_one_site_and_one_visitor() {
        let session = |visitor: Option<&str>, site: &str, status: &str| SessionRow {
            site_id: SiteId::from(site.to_owned()),
            visitor_id: visitor.map(str::to_owned),
            status: Some(status.to_owned()),
            handoff: None,
            locale: None,
            is_full: false,
        };
        let judge = |session, visitor| {
            judge_session(session, &site(), visitor).map(|_| ()).map_err(|error| error.code())
        };
        assert_eq!(judge(Some(session(Some("v"), "s", "active")), Some("v")), Ok(()));
        assert_eq!(judge(Some(session(None, "s", "active")), Some("v")), Ok(()));
        assert_eq!(
            judge(Some(session(Some("v"), "s", "active")), Some("w")),
            Err("session_not_found")
        );
        assert_eq!(judge(Some(session(Some("v"), "s", "active")), None), Err("session_not_found"));
        assert_eq!(
            judge(Some(session(Some("v"), "other", "active")), Some("v")),
            Err("session_not_found")
        );
        assert_eq!(judge(None, Some("v")), Err("session_not_found"));
        assert_eq!(
            judge(Some(session(Some("v"), "s", "completed")), Some("v")),
            Err("session_closed")
        );
    }
}
