//! The statements of gateway tokens and of the bots that they open.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::token;
use crate::app::Op;
use crate::audit::Entry;
use crate::auth::permission::{Grant, ListSql, Scope, Scoped};
use crate::db::{Rows, Statement};
use crate::error::{Error, Result};
use crate::ids::OrgId;
use crate::models::setting::{self, SiteKeys};
use crate::page::Page;
use crate::time::{StoredTime, Timestamp};
use crate::{list_sql, row, scoped_sql, sql, statement};

const TOKENS: ListSql = list_sql!("sql/tokens.sql");
const TOKEN: &str = scoped_sql!("sql/token.sql");
const SITES_NAMED: &str = scoped_sql!("sql/sites_named.sql");
const TOKEN_OF_ORG: &str = sql!("sql/token_of_org.sql");
const TOKEN_INSERT: &str = sql!("sql/token_insert.sql");
const SECRET_INSERT: &str = sql!("sql/secret_insert.sql");
const SECRETS_EXPIRE: &str = sql!("sql/secrets_expire.sql");
const SECRETS_FORGET: &str = sql!("sql/secrets_forget.sql");
const HINT_UPDATE: &str = sql!("sql/hint_update.sql");
const TOKEN_REVOKE: &str = sql!("sql/token_revoke.sql");
const TOKEN_TOUCH: &str = sql!("sql/token_touch.sql");
const TOKEN_BY_DIGEST: &str = sql!("sql/token_by_digest.sql");
const BOTS: &str = sql!("sql/bots.sql");

/// How often the use of a token is noted at most.
const USE_NOTED_EVERY: Duration = Duration::from_mins(1);

row! {
    /// A token as its administrators see it; never its secret.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct GatewayTokenOut {
        id: String,
        org_id: OrgId,
        name: String,
        /// The start of its present secret.
        hint: String,
        /// The sites that it opens; `null` for all of the organization.
        site_ids: Option<Vec<String>>,
        /// `users.id` of who made it.
        created_by: String,
        created_at: StoredTime,
        expires_at: Option<StoredTime>,
        revoked_at: Option<StoredTime>,
        /// To the minute.
        last_used_at: Option<StoredTime>,
    }
}

impl GatewayTokenOut {
    pub(super) fn key(&self) -> [String; 2] {
        [self.created_at.stored(), self.id.clone()]
    }
}

row! {
    /// A token that is to be changed.
    #[derive(Debug)]
    pub(super) struct TokenRow {
        pub(super) id: String,
        pub(super) revoked_at: Option<StoredTime>,
        pub(super) expires_at: Option<StoredTime>,
        /// Valid ones.
        pub(super) secrets: i64,
    }
}

pub(super) fn tokens(scope: &Scope, page: &Page<2>) -> Scoped {
    scope.list(TOKENS, page.descending())
}

pub(super) fn token(scope: &Scope, id: &str, now: Timestamp) -> Scoped {
    scope.statement(TOKEN, [id.into(), now.into()])
}

/// Those of the ids that are the org's sites.
pub(super) fn sites_named(scope: &Scope, ids: &[String]) -> Scoped {
    scope.statement(SITES_NAMED, [json!(ids).to_string().into()])
}

/// A new token.
pub(super) struct NewToken<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) secret: &'a str,
    pub(super) site_ids: Option<&'a [String]>,
    pub(super) expires_at: Option<Timestamp>,
}

/// The token that was made; none if the org has as many as it may.
pub(super) async fn token_insert(
    grant: &Grant,
    new: &NewToken<'_>,
) -> Result<Option<GatewayTokenOut>> {
    let now = grant.op().now();
    let entry = Entry {
        event: "gateway_token.created",
        target_type: "gateway_token",
        target_id: new.id,
        metadata: json!({ "name": new.name, "siteIds": new.site_ids, "expiresAt": new.expires_at }),
    };
    let insert = grant.statement(
        TOKEN_INSERT,
        [
            new.id.into(),
            new.name.into(),
            token::hint(new.secret).into(),
            new.site_ids.map(|ids| json!(ids).to_string()).into(),
            grant.actor.caller.user.id.as_str().into(),
            now.into(),
            new.expires_at.into(),
        ],
    );
    let statements = vec![
        insert,
        grant.audit(&entry)?,
        secret_insert(grant, new.id, new.secret, now),
        grant.statement(TOKEN_OF_ORG, [new.id.into()]),
    ];
    let rows = grant.write(statements).await?;
    rows.last().map_or(Ok(None), Rows::first)
}

fn secret_insert(grant: &Grant, id: &str, secret: &str, now: Timestamp) -> Statement {
    grant.statement(SECRET_INSERT, [id.into(), token::digest(secret).into(), now.into()])
}

/// The token with its new secret; none if it was revoked meanwhile.
pub(super) async fn secret_rotate(
    grant: &Grant,
    id: &str,
    secret: &str,
    overlap_hours: u64,
) -> Result<Option<GatewayTokenOut>> {
    let now = grant.op().now();
    let ends = now.plus(Duration::from_hours(overlap_hours));
    let entry = Entry {
        event: "gateway_token.rotated",
        target_type: "gateway_token",
        target_id: id,
        metadata: json!({ "overlapHours": overlap_hours }),
    };
    let rows = grant
        .write(vec![
            grant.statement(SECRETS_EXPIRE, [id.into(), ends.into()]),
            grant.statement(SECRETS_FORGET, [id.into(), now.into()]),
            secret_insert(grant, id, secret, now),
            grant.audit(&entry)?,
            grant.statement(HINT_UPDATE, [id.into(), token::hint(secret).into()]),
            grant.statement(TOKEN_OF_ORG, [id.into()]),
        ])
        .await?;
    let inserted = rows.get(2).map_or(Ok(0), Rows::count)?;
    let token = rows.last().map_or(Ok(None), Rows::first)?;
    Ok(token.filter(|_| inserted == 1))
}

/// Revokes a token; one that is so already stays as it is.
pub(super) async fn token_revoke(grant: &Grant, id: &str) -> Result<()> {
    let entry = Entry {
        event: "gateway_token.revoked",
        target_type: "gateway_token",
        target_id: id,
        metadata: json!({}),
    };
    let revoke = grant.statement(TOKEN_REVOKE, [id.into(), grant.op().now().into()]);
    grant.write(vec![revoke, grant.audit(&entry)?]).await.map(drop)
}

row! {
    /// A token, and one of the bots that it opens, if it opens one.
    #[derive(Debug)]
    struct OpenedRow {
        token_id: String,
        org_id: OrgId,
        last_used_at: Option<StoredTime>,
        org_status: Option<String>,
        org_label: String,
        id: Option<String>,
        name: Option<String>,
        created: Option<i64>,
        /// What of the `config` is shown, and `models`.
        config: Map<String, Value>,
        has_google_key: bool,
        has_openai_key: bool,
        /// Models that the platform pays for.
        plan_models: Option<Vec<String>>,
    }
}

/// A bot that a token opens.
#[derive(Debug)]
pub(super) struct Bot {
    /// `portal_sites.id`.
    pub(super) id: String,
    pub(super) name: String,
    /// What of the `config` is shown.
    pub(super) config: Map<String, Value>,
    /// The first that it asks; none where the built-in engine answers.
    pub(super) model: Option<String>,
    /// Seconds since the epoch.
    pub(super) created: i64,
    /// What the org calls itself.
    pub(super) org_label: String,
}

/// The bots that the token of a digest opens, or the named one of them, in one round trip.
pub(super) async fn bots(op: &Op, digest: &str, named: Option<&str>) -> Result<Vec<Bot>> {
    let rows = op.read(vec![statement!(BOTS, digest, op.now(), named)]).await?;
    let rows: Vec<OpenedRow> = rows.first().map_or_else(|| Ok(Vec::new()), Rows::all)?;
    let first = rows.first().ok_or_else(token::invalid)?;
    op.request.set_org(&first.org_id);
    note_use(op, &first.org_id, &first.token_id, first.last_used_at.as_ref());
    if !matches!(first.org_status.as_deref(), Some("active" | "at_risk")) {
        return Err(Error::forbidden("org_not_active", "Organization is not active")
            .hint("The organization of this token is inactive."));
    }
    Ok(rows.into_iter().filter_map(|row| bot(op, row)).collect())
}

fn bot(op: &Op, row: OpenedRow) -> Option<Bot> {
    let keys = SiteKeys::unread(row.has_google_key, row.has_openai_key);
    Some(Bot {
        id: row.id?,
        name: row.name.unwrap_or_default(),
        model: setting::first_model(op, &row.config, &keys, row.plan_models.as_deref()),
        config: row.config,
        created: row.created.unwrap_or_default(),
        org_label: row.org_label,
    })
}

/// Notes that a token was found; beside the answer that it was used, when the last note is old enough.
pub fn note_use(op: &Op, org: &OrgId, token: &str, noted: Option<&StoredTime>) {
    op.request.set_valid_token();
    let now = op.now();
    let before = StoredTime::from(now.minus(USE_NOTED_EVERY).to_string());
    if noted.is_some_and(|noted| *noted >= before) {
        return;
    }
    let touch = statement!(TOKEN_TOUCH, org.as_str(), token, now, &before);
    let database = Arc::clone(&op.app.ports.db);
    op.background.spawn(Box::pin(async move {
        // Lost notes are made up for by the next request.
        let _lost = database.batch(&[touch]).await;
    }));
}

/// Refuses a digest of no valid token: the reason for which a bot was not found, or one not to write for it.
pub async fn judge_token(op: &Op, digest: &str) -> Result<()> {
    let rows = op.read(vec![statement!(TOKEN_BY_DIGEST, digest, op.now())]).await?;
    if rows.first().map_or(Ok(0), Rows::count)? == 0 {
        return Err(token::invalid());
    }
    op.request.set_valid_token();
    Ok(())
}
