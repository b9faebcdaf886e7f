//! The statements and rows of sites.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::fields::{Fields, SiteStatus, SiteType};
use super::key::Overlap;
use crate::audit::Entry;
use crate::auth::permission::{Grant, ListSql, Scope, Scoped};
use crate::chat::SESSION_ACTIVE_FOR;
use crate::db::{Param, Rows, Statement};
use crate::error::{Error, Result};
use crate::http::body::Change;
use crate::page::Page;
use crate::time::{StoredTime, Timestamp};
use crate::vault::{Place, Vault};
use crate::{list_sql, row, scoped_sql, sql};

const ENGINES: ListSql = list_sql!("sql/engines.sql");
const SITES: ListSql = list_sql!("sql/sites.sql");
const SITE: &str = scoped_sql!("sql/site.sql");
const ORG_ROOM: &str = scoped_sql!("sql/org_room.sql");
const SITE_OF_ORG: &str = sql!("sql/site_of_org.sql");
const SITE_INSERT: &str = sql!("sql/site_insert.sql");
const SITE_UPDATE: &str = sql!("sql/site_update.sql");
const STATUS_UPDATE: &str = sql!("sql/status_update.sql");
const KEY_RETIRE: &str = sql!("sql/key_retire.sql");
const KEYS_END: &str = sql!("sql/keys_end.sql");
const SITE_KEY_UPDATE: &str = sql!("sql/site_key_update.sql");

row! {
    /// A site and how busy it is.
    #[derive(Debug)]
    pub(super) struct EngineRow {
        pub(super) id: String,
        pub(super) name: String,
        pub(super) r#type: Option<String>,
        pub(super) domain: Option<String>,
        pub(super) status: Option<String>,
        pub(super) created_at: Option<StoredTime>,
        pub(super) org_name: Option<String>,
        pub(super) active_sessions: i64,
        pub(super) today_sessions: i64,
    }
}

impl EngineRow {
    pub(super) fn key(&self) -> [String; 2] {
        [self.created_at.as_ref().map(StoredTime::stored).unwrap_or_default(), self.id.clone()]
    }
}

row! {
    /// A site as its administrators see it. Of provider keys, only their presence is told.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct SiteDetailOut {
        pub(super) id: String,
        pub(super) org_id: String,
        /// Public: pages send it to say which site they talk to.
        pub(super) site_key: String,
        pub(super) name: String,
        pub(super) r#type: Option<String>,
        pub(super) domain: Option<String>,
        pub(super) status: Option<String>,
        pub(super) system_prompt: Option<String>,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
        pub(super) config: Map<String, Value>,
        pub(super) allowed_origins: Vec<String>,
        /// The origin whose pages need no key.
        pub(super) keyless_origin: Option<String>,
        /// Ids of the voices and agents in the platform's account that staff assigned to it.
        pub(super) assigned_voices: Vec<String>,
        pub(super) has_google_key: bool,
        pub(super) has_openai_key: bool,
        pub(super) has_elevenlabs_key: bool,
        pub(super) created_at: Option<StoredTime>,
        pub(super) updated_at: Option<StoredTime>,
    }
}

impl SiteDetailOut {
    pub(super) fn key(&self) -> [String; 2] {
        [self.created_at.as_ref().map(StoredTime::stored).unwrap_or_default(), self.id.clone()]
    }
}

row! {
    /// What an org calls itself.
    #[derive(Debug)]
    pub(super) struct OrgLabelRow {
        pub(super) org_label: String,
    }
}

row! {
    /// What the org of a new site calls itself, and whether its plan has room for the site.
    #[derive(Debug)]
    pub(super) struct OrgRoomRow {
        pub(super) org_label: String,
        pub(super) has_room: bool,
    }
}

pub(super) fn engines(scope: &Scope, page: &Page<2>, now: Timestamp) -> Scoped {
    let mut params = page.descending();
    params.extend([Param::from(now.minus(SESSION_ACTIVE_FOR)), Param::from(now.date())]);
    scope.list(ENGINES, params)
}

pub(super) fn sites(scope: &Scope, page: &Page<2>) -> Scoped {
    scope.list(SITES, page.descending())
}

/// One site; its org's label is in it too.
pub(super) fn site(scope: &Scope, id: &str) -> Scoped {
    scope.statement(SITE, [Param::from(id)])
}

pub(super) fn org_room(scope: &Scope) -> Scoped {
    scope.statement(ORG_ROOM, [])
}

/// Runs a change with its trace; gives what the change returned, and the site after it.
async fn change_site(
    grant: &Grant,
    id: &str,
    change: Statement,
    event: &'static str,
    metadata: Value,
) -> Result<(Rows, Option<SiteDetailOut>)> {
    let entry = Entry { event, target_type: "site", target_id: id, metadata };
    let after = grant.statement(SITE_OF_ORG, [Param::from(id)]);
    let rows = grant.write(vec![change, grant.audit(&entry)?, after]).await?;
    let [changed, _entry, after]: [Rows; 3] =
        rows.try_into().map_err(|_| Error::internal("fewer results than statements"))?;
    Ok((changed, after.first()?))
}

pub(super) async fn site_insert(
    grant: &Grant,
    id: &str,
    site_key: &str,
    fields: Fields,
) -> Result<SiteDetailOut> {
    let vault = &grant.op().app.config.vault;
    let kind = fields.kind.unwrap_or(SiteType::Chatbot);
    let name = fields.name.unwrap_or_default();
    let metadata = json!({"name": name, "type": kind});
    let has_keyless_origin = matches!(fields.keyless_origin, Change::Set(_));
    let insert = grant.statement(
        SITE_INSERT,
        [
            id.into(),
            grant.op().now().into(),
            site_key.into(),
            name.into(),
            kind.into(),
            value(fields.domain),
            value(fields.system_prompt),
            config_json(fields.config),
            list_json(fields.allowed_origins),
            value(fields.keyless_origin),
            value(sealed(vault, "google_api_key", id, fields.google_api_key)?),
            value(sealed(vault, "elevenlabs_api_key", id, fields.elevenlabs_api_key)?),
            value(sealed(vault, "openai_api_key", id, fields.openai_api_key)?),
            list_json(fields.assigned_voices),
            grant.actor.caller.user.is_staff.into(),
        ],
    );
    let (_, site) = change_site(grant, id, insert, "site.created", metadata).await?;
    site.ok_or_else(if has_keyless_origin { keyless_origin_taken } else { no_room })
}

pub(super) async fn site_update(
    grant: &Grant,
    id: &str,
    fields: Fields,
    changed: &[&str],
) -> Result<SiteDetailOut> {
    let vault = &grant.op().app.config.vault;
    let mut params: Vec<Param> = vec![
        id.into(),
        grant.op().now().into(),
        fields.name.into(),
        fields.kind.into(),
        fields.status.into(),
    ];
    for (is_change, value) in [
        (fields.domain.is_change(), value(fields.domain)),
        (fields.system_prompt.is_change(), value(fields.system_prompt)),
        (fields.config.is_change(), config_json(fields.config)),
        (fields.allowed_origins.is_change(), list_json(fields.allowed_origins)),
        (fields.keyless_origin.is_change(), value(fields.keyless_origin)),
        (
            fields.google_api_key.is_change(),
            value(sealed(vault, "google_api_key", id, fields.google_api_key)?),
        ),
        (
            fields.elevenlabs_api_key.is_change(),
            value(sealed(vault, "elevenlabs_api_key", id, fields.elevenlabs_api_key)?),
        ),
        (
            fields.openai_api_key.is_change(),
            value(sealed(vault, "openai_api_key", id, fields.openai_api_key)?),
        ),
        (fields.assigned_voices.is_change(), list_json(fields.assigned_voices)),
    ] {
        params.extend([is_change.into(), value]);
    }
    let update = grant.statement(SITE_UPDATE, params);
    let metadata = json!({"fields": changed});
    let (updated, site) = change_site(grant, id, update, "site.updated", metadata).await?;
    let site = site.ok_or_else(site_not_found)?;
    if updated.count()? == 0 { Err(keyless_origin_taken()) } else { Ok(site) }
}

/// The site, paused or resumed; it may have been so before.
pub(super) async fn status_update(
    grant: &Grant,
    id: &str,
    status: SiteStatus,
) -> Result<SiteDetailOut> {
    let event = if status == SiteStatus::Active { "site.resumed" } else { "site.paused" };
    let params = [id.into(), grant.op().now().into(), status.into()];
    let update = grant.statement(STATUS_UPDATE, params);
    let (_, site) = change_site(grant, id, update, event, json!({})).await?;
    site.ok_or_else(site_not_found)
}

row! {
    /// A key that was replaced.
    struct RetiredKeyRow {
        key: String,
    }
}

/// The site with its new key, and the one that was replaced.
pub(super) async fn site_key_update(
    grant: &Grant,
    id: &str,
    site_key: &str,
    overlap: Overlap,
) -> Result<(SiteDetailOut, Option<String>)> {
    let now = grant.op().now();
    let metadata = json!({"previousKeyEndsAt": overlap.ends});
    let entry = Entry { event: "site.key_rotated", target_type: "site", target_id: id, metadata };
    let mut statements =
        vec![grant.statement(KEY_RETIRE, [id.into(), now.into(), overlap.ends.into()])];
    if overlap.is_at_once {
        statements.push(grant.statement(KEYS_END, [id.into(), now.into()]));
    }
    statements.extend([
        grant.statement(SITE_KEY_UPDATE, [id.into(), now.into(), site_key.into()]),
        grant.audit(&entry)?,
        grant.statement(SITE_OF_ORG, [Param::from(id)]),
    ]);
    let rows = grant.write(statements).await?;
    let retired: Option<RetiredKeyRow> = rows.first().map_or(Ok(None), Rows::first)?;
    let site = rows.last().map_or(Ok(None), Rows::first)?;
    Ok((site.ok_or_else(site_not_found)?, retired.map(|retired| retired.key)))
}

/// Encrypts a provider key that is set.
fn sealed(
    vault: &Vault,
    column: &'static str,
    row: &str,
    key: Change<String>,
) -> Result<Change<String>> {
    let place = Place { table: "portal_sites", column, row };
    Ok(match key {
        Change::Set(key) => Change::Set(vault.seal(place, &key)?),
        other => other,
    })
}

fn value(change: Change<String>) -> Param {
    match change {
        Change::Set(text) => text.into(),
        Change::Keep | Change::Clear => Param::Null,
    }
}

fn config_json(change: Change<Map<String, Value>>) -> Param {
    let config = match change {
        Change::Set(config) => config,
        Change::Keep | Change::Clear => Map::new(),
    };
    Value::Object(config).to_string().into()
}

fn list_json(change: Change<Vec<String>>) -> Param {
    let list = match change {
        Change::Set(list) => list,
        Change::Keep | Change::Clear => Vec::new(),
    };
    Value::from(list).to_string().into()
}

#[cold]
#[track_caller]
pub(crate) fn site_not_found() -> Error {
    Error::not_found("site_not_found", "Site not found")
        .hint("There is no such site, or it belongs to another organization.")
}

#[cold]
#[track_caller]
pub(super) fn no_room() -> Error {
    Error::conflict("plan_sites_used_up", "Site limit reached")
        .hint("The organization has as many sites as its plan allows; change the plan, or ask Koby staff.")
}

#[cold]
#[track_caller]
fn keyless_origin_taken() -> Error {
    Error::conflict("keyless_origin_taken", "Origin already in use").hint(
        "Pages of this \"keylessOrigin\" already reach another site without a key; one site per origin.",
    )
}
