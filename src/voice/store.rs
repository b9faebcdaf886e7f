//! The statements of a clip or a call: one transaction that lets it in, and one that puts right what it counted.

use serde_json::json;

use super::budget::{Aside, LimitRow};
use crate::app::Op;
use crate::chat::{self, SiteClaim, SiteRow, address_digest, found_sql};
use crate::config::{Environment, LogLevel};
use crate::db::{Param, Rows, Statement};
use crate::error::{Error, Result};
use crate::ids::{OrgId, SiteId};
use crate::origin::Origin;
use crate::{row, sql, statement};

const VOICE: &str = found_sql!("sql/speech.sql", "sql/voice.sql");
const LIMITS: &str = found_sql!("sql/speech.sql", "sql/limits.sql");
const USE_ADMIT: &str = found_sql!("sql/speech.sql", "sql/use_admit.sql");
const USE_SETTLE: &str = sql!("sql/use_settle.sql");

row! {
    /// Who pays for the voice of a site.
    #[derive(Debug)]
    pub(super) struct VoiceRow {
        /// Sealed.
        pub(super) elevenlabs_api_key: Option<String>,
        /// Ids that staff assigned to the site.
        pub(super) assigned_voices: Vec<String>,
        pub(super) plan_has_voice: bool,
        /// Whether the visitor has a conversation with the site that goes on.
        pub(super) has_session: bool,
    }
}

/// What a request shows for who it is of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visitor<'a> {
    pub(super) session: Option<&'a str>,
    pub(super) id: Option<&'a str>,
    /// Whether a challenge was solved.
    pub(super) is_proven: bool,
}

/// What the admitting transaction found and did.
pub(super) struct Admission {
    pub(super) site: Option<SiteRow>,
    pub(super) voice: Option<VoiceRow>,
    pub(super) is_admitted: bool,
    /// After it was counted.
    pub(super) limits: Vec<LimitRow>,
}

/// Lets a clip or a call in, or finds why not, in one round trip.
pub(super) async fn admit(
    op: &Op,
    claim: &SiteClaim,
    page: Option<&Origin>,
    visitor: Visitor<'_>,
    aside: Aside,
) -> Result<Admission> {
    let client = address_digest(op);
    let named = chat::named(claim, op.request.started, Some(&client));
    let with = |sql, params: Vec<Param>| {
        let mut all = named.clone();
        all.extend(params);
        Statement { sql, params: all }
    };
    let config = &op.app.config;
    let listed = page.map_or_else(Vec::new, Origin::listed_as);
    let admit = vec![
        aside.is_clip.into(),
        aside.ms.into(),
        aside.microusd.into(),
        config.elevenlabs.key.is_some().into(),
        page.map(ToString::to_string).into(),
        json!(listed).to_string().into(),
        (config.environment == Environment::Development).into(),
        visitor.is_proven.into(),
        visitor.session.into(),
        visitor.id.into(),
    ];
    let statements = vec![
        with(chat::SITE, Vec::new()),
        with(VOICE, vec![visitor.session.into(), visitor.id.into()]),
        with(USE_ADMIT, admit),
        with(LIMITS, Vec::new()),
    ];
    let rows = op.write(statements).await?;
    let [site, voice, counted, limits]: [Rows; 4] =
        rows.try_into().map_err(|_| Error::internal("fewer results than statements"))?;
    Ok(Admission {
        site: site.first()?,
        voice: voice.first()?,
        is_admitted: counted.count()? > 0,
        limits: limits.all()?,
    })
}

/// What was set aside for a request that was let in. Dropped, it stays set aside.
pub(super) struct Hold {
    op: Op,
    org: OrgId,
    site: SiteId,
    deployment: Option<String>,
    aside: Aside,
}

impl Hold {
    /// For a request of this site; what a site's own key pays costs us nothing.
    pub(super) fn new(op: &Op, site: &SiteRow, aside: Aside, has_own_key: bool) -> Self {
        let microusd = if has_own_key { 0 } else { aside.microusd };
        Self {
            op: op.clone(),
            org: site.org_id.clone(),
            site: site.id.clone(),
            deployment: site.deployment_id.as_ref().map(|id| format!("deployment:{id}")),
            aside: Aside { microusd, ..aside },
        }
    }

    /// Puts the length and price of what was said in its place, beside the answer.
    pub(super) fn settle(self, ms: u32, microusd: i64) {
        let Aside { ms: most_ms, microusd: most, .. } = self.aside;
        self.change([i64::from(ms).min(most_ms) - most_ms, microusd.min(most) - most, 0, 0]);
    }

    /// Nothing was made: it does not count.
    pub(super) fn give_back(self) {
        let Aside { is_clip, ms, microusd } = self.aside;
        self.change([-ms, -microusd, -i64::from(is_clip), i64::from(is_clip) - 1]);
    }

    fn change(self, [ms, microusd, clips, calls]: [i64; 4]) {
        let Self { op, org, site, deployment, .. } = self;
        let day = op.request.started.date();
        let settle =
            statement!(USE_SETTLE, &org, &site, deployment, day, ms, microusd, clips, calls);
        op.clone().background.spawn(Box::pin(async move {
            if let Err(error) = op.write(vec![settle]).await {
                let fields = [("reason", json!(error.private_context()))];
                let log = &op.app.log;
                log.event(LogLevel::Error, "voice_not_settled", op.now(), &op.request, &fields);
            }
        }));
    }
}
