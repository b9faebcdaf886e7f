//! The configuration's statements and rows.

use serde_json::{Value, json};

use super::parts::{Part, Parts};
use super::precondition;
use crate::audit::Entry;
use crate::auth::permission::{Grant, Scope, Scoped};
use crate::db::Param;
use crate::error::Result;
use crate::http::body::Change;
use crate::ids::{OrgId, new_id};
use crate::time::{StoredTime, Timestamp};
use crate::{row, scoped_sql, sql};

const PORTAL_CONFIG: &str = scoped_sql!("sql/portal_config.sql");
const PORTAL_CONFIG_UPSERT: &str = sql!("sql/portal_config_upsert.sql");

row! {
    /// A configuration as it is stored.
    #[derive(Debug)]
    pub(super) struct ConfigRow {
        pub(super) org_id: OrgId,
        pub(super) branding: Value,
        pub(super) enabled_modules: Value,
        pub(super) custom_cards: Value,
        pub(super) settings: Value,
        pub(super) version: i64,
        pub(super) updated_at: Option<StoredTime>,
    }
}

/// A configuration: the stored one, or the defaults.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) org_id: OrgId,
    pub(super) parts: [Value; 4],
    /// Counts writes; 0 for the defaults.
    pub(super) version: i64,
    pub(super) updated_at: Option<StoredTime>,
}

impl Config {
    /// What an org has that never wrote one.
    pub(super) fn default(org_id: OrgId, now: Timestamp) -> Self {
        let updated_at = Some(StoredTime::from(now.to_string()));
        Self { org_id, parts: Part::ALL.map(Part::default), version: 0, updated_at }
    }

    /// Names of the parts that would differ.
    fn changed_by(&self, parts: &Parts) -> Vec<&'static str> {
        let both = parts.0.iter().zip(&self.parts);
        let differing = both.filter(|((part, change), present)| match change {
            Change::Keep => false,
            Change::Clear => part.default() != **present,
            Change::Set(value) => value != *present,
        });
        differing.map(|((part, _), _)| part.name()).collect()
    }
}

impl From<ConfigRow> for Config {
    fn from(row: ConfigRow) -> Self {
        Self {
            org_id: row.org_id,
            parts: [
                Part::Branding.stored_or_default(row.branding),
                Part::EnabledModules.stored_or_default(row.enabled_modules),
                Part::CustomCards.stored_or_default(row.custom_cards),
                Part::Settings.stored_or_default(row.settings),
            ],
            version: row.version,
            updated_at: row.updated_at,
        }
    }
}

pub(super) fn portal_config(scope: &Scope) -> Scoped {
    scope.statement(PORTAL_CONFIG, [])
}

/// Writes the parts that differ. `expected` is the version that must be there, if one must.
pub(super) async fn portal_config_upsert(
    grant: &Grant,
    present: Config,
    parts: Parts,
    expected: Option<i64>,
) -> Result<Config> {
    let changed = present.changed_by(&parts);
    if changed.is_empty() {
        return Ok(present);
    }
    let now = grant.op().now();
    let mut params: Vec<Param> = vec![new_id(now)?.into(), now.into()];
    let is_written = parts.0.each_ref().map(|(_, change)| change.is_change());
    params.extend(parts.0.map(|(part, change)| {
        let value = match change {
            Change::Set(value) => value,
            Change::Keep | Change::Clear => part.default(),
        };
        Param::from(value.to_string())
    }));
    params.extend(is_written.map(Param::from));
    params.push(expected.into());
    let upsert = grant.statement(PORTAL_CONFIG_UPSERT, params);
    let entry = grant.audit(&Entry {
        event: "org.config_updated",
        target_type: "portal_config",
        target_id: grant.org.as_str(),
        metadata: json!({"parts": changed}),
    })?;
    let rows = grant.write(vec![upsert, entry]).await?;
    let written = match rows.first() {
        Some(rows) => rows.first::<ConfigRow>()?,
        None => None,
    };
    written.map(Config::from).ok_or_else(precondition::failed)
}
