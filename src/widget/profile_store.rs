//! The statements and rows of profiles.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::profile::Section;
use crate::audit::Entry;
use crate::auth::permission::{Grant, ListSql, Scope, Scoped};
use crate::db::{Param, Rows, Statement};
use crate::error::{Error, Result};
use crate::http::body::Change;
use crate::ids::{OrgId, new_id};
use crate::page::Page;
use crate::time::StoredTime;
use crate::{list_sql, row, scoped_sql, sql};

const PROFILES: ListSql = list_sql!("sql/profiles.sql");
const PROFILE: &str = scoped_sql!("sql/profile.sql");
const PROFILE_OF_ORG: &str = sql!("sql/profile_of_org.sql");
const PROFILE_INSERT: &str = sql!("sql/profile_insert.sql");
const PROFILE_UPDATE: &str = sql!("sql/profile_update.sql");
const PROFILE_DELETE: &str = sql!("sql/profile_delete.sql");

row! {
    /// A profile as it is stored: of each part, what was set.
    #[derive(Debug)]
    pub(super) struct ProfileRow {
        id: String,
        org_id: OrgId,
        name: String,
        description: Option<String>,
        theme: Map<String, Value>,
        behavior: Map<String, Value>,
        locale: Map<String, Value>,
        analytics: Map<String, Value>,
        created_at: StoredTime,
        updated_at: StoredTime,
    }
}

/// A profile with every field: as set, else its default.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct WidgetProfileOut {
    id: String,
    org_id: OrgId,
    name: String,
    description: Option<String>,
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = super::profile_routes::WidgetTheme))]
    theme: Map<String, Value>,
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = super::profile_routes::WidgetBehavior))]
    behavior: Map<String, Value>,
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = super::profile_routes::WidgetLocale))]
    locale: Map<String, Value>,
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = super::profile_routes::WidgetAnalytics))]
    analytics: Map<String, Value>,
    created_at: StoredTime,
    updated_at: StoredTime,
}

impl From<ProfileRow> for WidgetProfileOut {
    fn from(row: ProfileRow) -> Self {
        Self {
            theme: Section::Theme.whole(&row.theme),
            behavior: Section::Behavior.whole(&row.behavior),
            locale: Section::Locale.whole(&row.locale),
            analytics: Section::Analytics.whole(&row.analytics),
            id: row.id,
            org_id: row.org_id,
            name: row.name,
            description: row.description,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A body, judged: of each part a merge patch.
#[derive(Debug)]
pub(super) struct ProfileChange {
    pub(super) name: Option<String>,
    pub(super) description: Change<String>,
    pub(super) sections: [(Section, Map<String, Value>); 4],
}

impl ProfileRow {
    pub(super) fn key(&self) -> [String; 2] {
        [self.created_at.stored(), self.id.clone()]
    }

    pub(super) fn is_of(&self, org: &OrgId) -> bool {
        self.org_id == *org
    }

    fn section(&self, section: Section) -> &Map<String, Value> {
        match section {
            Section::Theme => &self.theme,
            Section::Behavior => &self.behavior,
            Section::Locale => &self.locale,
            Section::Analytics => &self.analytics,
        }
    }

    /// Names of the members that a change makes different.
    pub(super) fn changed(&self, change: &ProfileChange) -> Vec<String> {
        let mut changed = Vec::new();
        if change.name.as_ref().is_some_and(|name| *name != self.name) {
            changed.push("name".to_owned());
        }
        let description = &change.description;
        if description.is_change() && description.value() != self.description.as_ref() {
            changed.push("description".to_owned());
        }
        for (section, patch) in &change.sections {
            let stored = self.section(*section);
            let fields = patch.iter().filter(|(name, value)| {
                let present = stored.get(name.as_str());
                if value.is_null() { present.is_some() } else { present != Some(value) }
            });
            changed.extend(fields.map(|(name, _)| format!("{}.{name}", section.name())));
        }
        changed
    }
}

pub(super) fn profiles(scope: &Scope, page: &Page<2>) -> Scoped {
    scope.list(PROFILES, page.descending())
}

pub(super) fn profile(scope: &Scope, id: &str) -> Scoped {
    scope.statement(PROFILE, [Param::from(id)])
}

async fn change_profile(
    grant: &Grant,
    id: &str,
    change: Statement,
    event: &'static str,
    metadata: Value,
) -> Result<Option<ProfileRow>> {
    let entry = Entry { event, target_type: "widget_profile", target_id: id, metadata };
    let after = grant.statement(PROFILE_OF_ORG, [Param::from(id)]);
    let rows = grant.write(vec![change, grant.audit(&entry)?, after]).await?;
    rows.last().map_or(Ok(None), Rows::first)
}

pub(super) async fn profile_insert(grant: &Grant, new: ProfileChange) -> Result<ProfileRow> {
    let now = grant.op().now();
    let id = new_id(now)?;
    let metadata = json!({"name": new.name});
    let mut params: Vec<Param> = vec![
        id.as_str().into(),
        now.into(),
        new.name.unwrap_or_default().into(),
        new.description.value().map(String::as_str).into(),
    ];
    params.extend(new.sections.map(|(_, patch)| Value::Object(patch).to_string().into()));
    let insert = grant.statement(PROFILE_INSERT, params);
    let made = change_profile(grant, &id, insert, "widget_profile.created", metadata).await?;
    made.ok_or_else(|| Error::internal("a profile that was stored is not there"))
}

pub(super) async fn profile_update(
    grant: &Grant,
    id: &str,
    change: ProfileChange,
    changed: &[String],
) -> Result<ProfileRow> {
    let mut params: Vec<Param> = vec![
        id.into(),
        grant.op().now().into(),
        change.name.into(),
        change.description.is_change().into(),
        change.description.value().map(String::as_str).into(),
    ];
    params.extend(change.sections.map(|(_, patch)| Value::Object(patch).to_string().into()));
    let update = grant.statement(PROFILE_UPDATE, params);
    let metadata = json!({"fields": changed});
    let after = change_profile(grant, id, update, "widget_profile.updated", metadata).await?;
    after.ok_or_else(profile_not_found)
}

/// Whether it was there.
pub(super) async fn profile_delete(grant: &Grant, profile: &ProfileRow) -> Result<bool> {
    let entry = Entry {
        event: "widget_profile.deleted",
        target_type: "widget_profile",
        target_id: &profile.id,
        metadata: json!({"name": profile.name}),
    };
    let delete = grant.statement(PROFILE_DELETE, [Param::from(profile.id.as_str())]);
    let rows = grant.write(vec![delete, grant.audit(&entry)?]).await?;
    Ok(rows.first().map_or(Ok(0), Rows::count)? > 0)
}

#[cold]
#[track_caller]
pub(super) fn profile_not_found() -> Error {
    Error::not_found("widget_profile_not_found", "Profile not found")
        .hint("There is no such profile, or it belongs to another organization.")
}
