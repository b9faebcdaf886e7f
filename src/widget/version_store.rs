//! The statements and rows of builds of the widget. They belong to no org.

use serde::Serialize;
use serde_json::{Value, json};

use super::version::WidgetVersionStatus;
use crate::audit::Entry;
use crate::auth::permission::{Actor, Scope, Scoped};
use crate::db::{Param, Rows, Statement};
use crate::error::{Error, Result};
use crate::http::body::Change;
use crate::ids::new_id;
use crate::page::Page;
use crate::time::StoredTime;
use crate::{row, scoped_sql, sql, statement};

const VERSIONS: &str = scoped_sql!("sql/versions.sql");
const VERSION: &str = scoped_sql!("sql/version.sql");
const VERSION_AFTER: &str = sql!("sql/version_after.sql");
const VERSION_INSERT: &str = sql!("sql/version_insert.sql");
const VERSION_UPDATE: &str = sql!("sql/version_update.sql");

row! {
    /// A build of the widget.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct WidgetVersionOut {
        id: String,
        /// Such as `1.0.0`.
        version: String,
        changelog: Option<String>,
        release_notes: Option<String>,
        script_url: String,
        styles_url: Option<String>,
        /// Subresource integrity of the script.
        integrity_hash: Option<String>,
        min_profile_version: i64,
        status: WidgetVersionStatus,
        released_at: StoredTime,
        deprecated_at: Option<StoredTime>,
    }
}

impl WidgetVersionOut {
    pub(super) fn key(&self) -> [String; 2] {
        [self.released_at.stored(), self.id.clone()]
    }

    pub(super) fn is(&self, status: WidgetVersionStatus) -> bool {
        self.status == status
    }

    /// Names of the members that a change makes different.
    pub(super) fn changed(&self, change: &VersionChange) -> Vec<&'static str> {
        let differs = |change: &Change<String>, present: Option<&String>| {
            change.is_change() && change.value() != present
        };
        let members = [
            ("status", change.status.is_some_and(|status| status != self.status)),
            ("changelog", differs(&change.changelog, self.changelog.as_ref())),
            ("releaseNotes", differs(&change.release_notes, self.release_notes.as_ref())),
        ];
        members.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

/// A new build, judged.
#[derive(Debug)]
pub(super) struct NewVersion {
    pub(super) version: String,
    pub(super) changelog: Option<String>,
    pub(super) release_notes: Option<String>,
    pub(super) script_url: String,
    pub(super) styles_url: Option<String>,
    pub(super) integrity_hash: Option<String>,
    pub(super) min_profile_version: i64,
    pub(super) status: WidgetVersionStatus,
}

/// A change to a build, judged.
#[derive(Debug)]
pub(super) struct VersionChange {
    pub(super) status: Option<WidgetVersionStatus>,
    pub(super) changelog: Change<String>,
    pub(super) release_notes: Change<String>,
}

pub(super) fn versions(
    scope: &Scope,
    page: &Page<2>,
    status: Option<WidgetVersionStatus>,
) -> Scoped {
    let mut params = page.descending();
    params.push(status.into());
    scope.statement(VERSIONS, params)
}

pub(super) fn version(scope: &Scope, id: &str) -> Scoped {
    scope.statement(VERSION, [Param::from(id)])
}

async fn change_version(
    actor: &Actor,
    id: &str,
    change: Statement,
    event: &'static str,
    metadata: Value,
) -> Result<(Vec<Rows>, Option<WidgetVersionOut>)> {
    let entry = Entry { event, target_type: "widget_version", target_id: id, metadata };
    let after = statement!(VERSION_AFTER, id);
    let mut rows = actor.write(vec![change, actor.audit(None, &entry)?, after]).await?;
    let after = rows.pop().map_or(Ok(None), |rows| rows.first())?;
    Ok((rows, after))
}

pub(super) async fn version_insert(actor: &Actor, new: NewVersion) -> Result<WidgetVersionOut> {
    let now = actor.op.now();
    let id = new_id(now)?;
    let metadata = json!({"version": new.version, "status": new.status});
    let insert = statement!(
        VERSION_INSERT,
        id.as_str(),
        now,
        new.version,
        new.changelog,
        new.release_notes,
        new.script_url,
        new.styles_url,
        new.integrity_hash,
        new.min_profile_version,
        new.status,
    );
    let (_, made) = change_version(actor, &id, insert, "widget_version.created", metadata).await?;
    made.ok_or_else(version_exists)
}

pub(super) async fn version_update(
    actor: &Actor,
    id: &str,
    change: VersionChange,
    changed: &[&str],
) -> Result<WidgetVersionOut> {
    let text = |change: &Change<String>| Param::from(change.value().map(String::as_str));
    let update = statement!(
        VERSION_UPDATE,
        id,
        actor.op.now(),
        change.status,
        change.changelog.is_change(),
        text(&change.changelog),
        change.release_notes.is_change(),
        text(&change.release_notes),
    );
    let event = if change.status == Some(WidgetVersionStatus::Deprecated) {
        "widget_version.deprecated"
    } else {
        "widget_version.updated"
    };
    let metadata = json!({"fields": changed, "status": change.status});
    let (rows, after) = change_version(actor, id, update, event, metadata).await?;
    let after = after.ok_or_else(version_not_found)?;
    if rows.first().map_or(Ok(0), Rows::count)? > 0 {
        return Ok(after);
    }
    Err(if after.is(WidgetVersionStatus::Deprecated) {
        version_deprecated()
    } else {
        last_stable()
    })
}

#[cold]
#[track_caller]
pub(super) fn version_not_found() -> Error {
    Error::not_found("widget_version_not_found", "Version not found")
        .hint("GET /portal/widget/versions lists those that there are.")
}

#[cold]
#[track_caller]
pub(super) fn version_deprecated() -> Error {
    Error::conflict("widget_version_deprecated", "Version is deprecated")
        .hint("A deprecated version stays so, and is given to nobody who does not have it. Take a newer one.")
}

#[cold]
#[track_caller]
fn version_exists() -> Error {
    Error::conflict("widget_version_exists", "Version already exists")
        .hint("A number is given once; send the next.")
}

#[cold]
#[track_caller]
fn last_stable() -> Error {
    Error::conflict("last_stable_version", "Last stable version")
        .hint("Pages without a pin would get no widget. Release another stable version first.")
}
