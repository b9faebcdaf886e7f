//! The statements and rows of deployments and their pins.

use serde::Serialize;
use serde_json::{Value, json};

use super::deployment::{
    DeploymentChange, NewDeployment, NewPin, WidgetDeploymentStatus, WidgetPinType,
};
use super::version::WidgetChannel;
use crate::audit::Entry;
use crate::auth::permission::{Grant, ListSql, Scope, Scoped};
use crate::db::{Param, Rows, Statement};
use crate::error::{Error, Result};
use crate::http::body::Change;
use crate::ids::new_id;
use crate::page::Page;
use crate::sites::key::Overlap;
use crate::time::StoredTime;
use crate::{list_sql, row, scoped_sql, sql};

const DEPLOYMENTS: ListSql = list_sql!("sql/deployments.sql");
const DEPLOYMENTS_OF_SITE: &str = scoped_sql!("sql/deployments_of_site.sql");
const DEPLOYMENT: &str = scoped_sql!("sql/deployment.sql");
const SITE_TO_EMBED: &str = scoped_sql!("sql/site_to_embed.sql");
const EVENTS: &str = scoped_sql!("sql/events.sql");
const DEPLOYMENT_OF_ORG: &str = sql!("sql/deployment_of_org.sql");
const DEPLOYMENT_INSERT: &str = sql!("sql/deployment_insert.sql");
const DEPLOYMENT_UPDATE: &str = sql!("sql/deployment_update.sql");
const DEPLOYMENT_STATUS_UPDATE: &str = sql!("sql/deployment_status_update.sql");
const DEPLOYMENT_KEY_UPDATE: &str = sql!("sql/deployment_key_update.sql");
const KEY_INSERT: &str = sql!("sql/key_insert.sql");
const KEY_RETIRE: &str = sql!("sql/key_retire.sql");
const KEYS_END: &str = sql!("sql/keys_end.sql");
const PIN_UPSERT: &str = sql!("sql/pin_upsert.sql");
const PIN_DELETE: &str = sql!("sql/pin_delete.sql");

row! {
    /// A deployment with its pin.
    #[derive(Debug)]
    pub(super) struct DeploymentRow {
        id: String,
        org_id: String,
        site_id: String,
        site_name: String,
        environment: String,
        deploy_key: String,
        widget_profile_id: Option<String>,
        allowed_origins: Vec<String>,
        rate_limit_rpm: i64,
        rate_limit_daily: i64,
        previous_key: Option<String>,
        key_rotated_at: Option<StoredTime>,
        key_expires_at: Option<StoredTime>,
        status: WidgetDeploymentStatus,
        created_at: StoredTime,
        updated_at: StoredTime,
        deployed_at: Option<StoredTime>,
        pin_type: Option<WidgetPinType>,
        channel: Option<WidgetChannel>,
        widget_version_id: Option<String>,
        pinned_version: Option<String>,
        rollout_percentage: Option<i64>,
    }
}

/// A deployment as its org's people see it.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct WidgetDeploymentOut {
    id: String,
    org_id: String,
    site_id: String,
    site_name: String,
    /// `development`, `staging` or `production`.
    environment: String,
    /// Public: pages send it to say which deployment they are.
    deploy_key: String,
    widget_profile_id: Option<String>,
    allowed_origins: Vec<String>,
    rate_limit_rpm: i64,
    rate_limit_daily: i64,
    /// The key before.
    previous_key: Option<String>,
    key_rotated_at: Option<StoredTime>,
    /// When the key before ends, or ended.
    key_expires_at: Option<StoredTime>,
    status: WidgetDeploymentStatus,
    /// Null: all visitors get the newest stable build.
    version_pin: Option<WidgetPinOut>,
    created_at: StoredTime,
    updated_at: StoredTime,
    /// When it last became active.
    deployed_at: Option<StoredTime>,
}

/// What a deployment gives instead of the newest stable build.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct WidgetPinOut {
    pin_type: WidgetPinType,
    channel: Option<WidgetChannel>,
    widget_version_id: Option<String>,
    /// Such as `1.0.0`.
    version: Option<String>,
    rollout_percentage: i64,
}

impl From<DeploymentRow> for WidgetDeploymentOut {
    fn from(row: DeploymentRow) -> Self {
        let version_pin = row.pin_type.map(|pin_type| WidgetPinOut {
            pin_type,
            channel: row.channel,
            widget_version_id: row.widget_version_id,
            version: row.pinned_version,
            rollout_percentage: row.rollout_percentage.unwrap_or(100),
        });
        Self {
            id: row.id,
            org_id: row.org_id,
            site_id: row.site_id,
            site_name: row.site_name,
            environment: row.environment,
            deploy_key: row.deploy_key,
            widget_profile_id: row.widget_profile_id,
            allowed_origins: row.allowed_origins,
            rate_limit_rpm: row.rate_limit_rpm,
            rate_limit_daily: row.rate_limit_daily,
            previous_key: row.previous_key,
            key_rotated_at: row.key_rotated_at,
            key_expires_at: row.key_expires_at,
            status: row.status,
            version_pin,
            created_at: row.created_at,
            updated_at: row.updated_at,
            deployed_at: row.deployed_at,
        }
    }
}

impl DeploymentRow {
    pub(super) fn key(&self) -> [String; 2] {
        [self.created_at.stored(), self.id.clone()]
    }

    /// The key before the present one.
    pub(super) fn previous_key(&self) -> Option<&str> {
        self.previous_key.as_deref()
    }

    /// Whether it is pinned to this build.
    pub(super) fn is_pinned_to(&self, version: &str) -> bool {
        self.widget_version_id.as_deref() == Some(version)
    }

    /// Names of the members that a change makes different.
    pub(super) fn changed(&self, change: &DeploymentChange) -> Vec<&'static str> {
        let profile = &change.profile;
        let members = [
            (
                "widgetProfileId",
                profile.is_change() && profile.value() != self.widget_profile_id.as_ref(),
            ),
            (
                "allowedOrigins",
                change.allowed_origins.as_ref().is_some_and(|list| *list != self.allowed_origins),
            ),
            ("rateLimitRpm", change.rpm.is_some_and(|limit| limit != self.rate_limit_rpm)),
            ("rateLimitDaily", change.daily.is_some_and(|limit| limit != self.rate_limit_daily)),
            ("status", change.status.is_some_and(|status| status != self.status)),
        ];
        members.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
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
    /// How often something happened in the widgets of a site on a day.
    #[derive(Debug)]
    pub(super) struct EventCountRow {
        pub(super) date: String,
        pub(super) scope_id: String,
        pub(super) event: String,
        pub(super) count: i64,
        pub(super) first_at: StoredTime,
        pub(super) last_at: StoredTime,
        pub(super) is_of_site: bool,
    }
}

impl EventCountRow {
    pub(super) fn key(&self) -> [String; 3] {
        [self.date.clone(), self.scope_id.clone(), self.event.clone()]
    }
}

pub(super) fn deployments(scope: &Scope, page: &Page<2>) -> Scoped {
    scope.list(DEPLOYMENTS, page.descending())
}

/// At most three: one per environment.
pub(super) fn deployments_of_site(scope: &Scope, site: &str) -> Scoped {
    scope.statement(DEPLOYMENTS_OF_SITE, [Param::from(site)])
}

/// One deployment; its org's label is in it too.
pub(super) fn deployment(scope: &Scope, id: &str) -> Scoped {
    scope.statement(DEPLOYMENT, [Param::from(id)])
}

/// The site that a deployment is made for.
pub(super) fn site_to_embed(scope: &Scope, id: &str) -> Scoped {
    scope.statement(SITE_TO_EMBED, [Param::from(id)])
}

/// What widgets of a site told, from a day on and before another.
pub(super) fn events(
    scope: &Scope,
    page: &Page<3>,
    site: &str,
    [from, after]: [Param; 2],
) -> Scoped {
    let mut params = page.descending_before(&after);
    params.extend([Param::from(site), from]);
    scope.statement(EVENTS, params)
}

/// Runs a change with its trace, which stands for the last statement of it; gives what each statement returned, and the
/// deployment after it.
async fn change_deployment(
    grant: &Grant,
    id: &str,
    mut change: Vec<Statement>,
    event: &'static str,
    metadata: Value,
) -> Result<(Vec<Rows>, Option<DeploymentRow>)> {
    let entry = Entry { event, target_type: "widget_deployment", target_id: id, metadata };
    change.push(grant.audit(&entry)?);
    change.push(grant.statement(DEPLOYMENT_OF_ORG, [Param::from(id)]));
    let mut rows = grant.write(change).await?;
    let after = rows.pop().map_or(Ok(None), |rows| rows.first())?;
    Ok((rows, after))
}

pub(super) async fn deployment_insert(
    grant: &Grant,
    site: &str,
    key: &str,
    new: NewDeployment,
) -> Result<DeploymentRow> {
    let now = grant.op().now();
    let id = new_id(now)?;
    let metadata = json!({"siteId": site, "environment": new.environment, "status": new.status});
    let live_since = (new.status == WidgetDeploymentStatus::Active).then_some(now);
    let insert = grant.statement(
        DEPLOYMENT_INSERT,
        [
            id.as_str().into(),
            now.into(),
            site.into(),
            new.environment.into(),
            key.into(),
            new.profile.into(),
            Value::from(new.allowed_origins).to_string().into(),
            new.rpm.into(),
            new.daily.into(),
            new.status.into(),
            live_since.into(),
        ],
    );
    let open = grant.statement(KEY_INSERT, [id.as_str().into(), now.into()]);
    let event = "widget_deployment.created";
    let (_, made) = change_deployment(grant, &id, vec![insert, open], event, metadata).await?;
    made.ok_or_else(deployment_exists)
}

pub(super) async fn deployment_update(
    grant: &Grant,
    id: &str,
    change: DeploymentChange,
    changed: &[&str],
) -> Result<DeploymentRow> {
    let origins = change.allowed_origins.map(|list| Value::from(list).to_string());
    let profile = match change.profile {
        Change::Set(ref profile) => Param::from(profile.as_str()),
        Change::Keep | Change::Clear => Param::Null,
    };
    let update = grant.statement(
        DEPLOYMENT_UPDATE,
        [
            id.into(),
            grant.op().now().into(),
            origins.into(),
            change.rpm.into(),
            change.daily.into(),
            change.status.into(),
            change.profile.is_change().into(),
            profile,
        ],
    );
    let metadata = json!({"fields": changed, "status": change.status});
    let event = "widget_deployment.updated";
    let (rows, after) = change_deployment(grant, id, vec![update], event, metadata).await?;
    let after = after.ok_or_else(deployment_not_found)?;
    if rows.first().map_or(Ok(0), Rows::count)? == 0 {
        return Err(super::profile_store::profile_not_found());
    }
    Ok(after)
}

/// The deployment, active or paused; it may have been so before.
pub(super) async fn deployment_status_update(
    grant: &Grant,
    id: &str,
    status: WidgetDeploymentStatus,
) -> Result<DeploymentRow> {
    let event = match status {
        WidgetDeploymentStatus::Active => "widget_deployment.activated",
        WidgetDeploymentStatus::Paused | WidgetDeploymentStatus::Disabled => {
            "widget_deployment.paused"
        }
    };
    let params = [id.into(), grant.op().now().into(), status.into()];
    let update = grant.statement(DEPLOYMENT_STATUS_UPDATE, params);
    let (_, after) = change_deployment(grant, id, vec![update], event, json!({})).await?;
    after.ok_or_else(deployment_not_found)
}

/// The deployment with its new key. Keys that were replaced before end when they were to end, unless all end at once.
pub(super) async fn deployment_key_update(
    grant: &Grant,
    id: &str,
    key: &str,
    overlap: Overlap,
) -> Result<DeploymentRow> {
    let now = grant.op().now();
    let ends = Param::from(overlap.ends);
    let mut change = vec![grant.statement(KEY_RETIRE, [id.into(), now.into(), ends.clone()])];
    if overlap.is_at_once {
        change.push(grant.statement(KEYS_END, [id.into(), now.into()]));
    }
    change.push(grant.statement(DEPLOYMENT_KEY_UPDATE, [id.into(), now.into(), key.into(), ends]));
    change.push(grant.statement(KEY_INSERT, [id.into(), now.into()]));
    let metadata = json!({"previousKeyEndsAt": overlap.ends});
    let event = "widget_deployment.key_rotated";
    let (_, after) = change_deployment(grant, id, change, event, metadata).await?;
    after.ok_or_else(deployment_not_found)
}

pub(super) async fn pin_upsert(grant: &Grant, id: &str, pin: NewPin) -> Result<DeploymentRow> {
    let now = grant.op().now();
    let metadata = json!({
        "pinType": pin.pin_type, "widgetVersionId": pin.version, "channel": pin.channel,
        "rolloutPercentage": pin.rollout_percentage,
    });
    let upsert = grant.statement(
        PIN_UPSERT,
        [
            id.into(),
            now.into(),
            new_id(now)?.into(),
            pin.version.into(),
            pin.pin_type.into(),
            pin.channel.into(),
            pin.rollout_percentage.into(),
        ],
    );
    let event = "widget_deployment.pinned";
    let (rows, after) = change_deployment(grant, id, vec![upsert], event, metadata).await?;
    let after = after.ok_or_else(deployment_not_found)?;
    if rows.first().map_or(Ok(0), Rows::count)? == 0 {
        return Err(super::version_store::version_deprecated());
    }
    Ok(after)
}

/// The deployment without a pin; it may have had none before.
pub(super) async fn pin_delete(grant: &Grant, id: &str) -> Result<DeploymentRow> {
    let delete = grant.statement(PIN_DELETE, [Param::from(id)]);
    let event = "widget_deployment.unpinned";
    let (_, after) = change_deployment(grant, id, vec![delete], event, json!({})).await?;
    after.ok_or_else(deployment_not_found)
}

#[cold]
#[track_caller]
pub(super) fn deployment_not_found() -> Error {
    Error::not_found("widget_deployment_not_found", "Deployment not found")
        .hint("There is no such deployment, or it belongs to another organization.")
}

#[cold]
#[track_caller]
fn deployment_exists() -> Error {
    Error::conflict("widget_deployment_exists", "Deployment already exists")
        .hint("The site has a deployment in this environment; change that one.")
}
