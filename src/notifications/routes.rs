//! `GET /portal/notifications`, `POST /portal/notifications/{id}/read`

use serde::Serialize;
use serde_json::json;

use super::store::{self, NotificationOut};
use crate::audit::Entry;
use crate::auth::permission::{Access, Read, Write};
use crate::db::Rows;
use crate::error::{Error, Result};
use crate::http::extract::{Json, Path, Query};

#[track_caller]
fn not_found() -> Error {
    Error::not_found("notification_not_found", "Notification not found")
}

/// A page of notifications.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct NotificationsOut {
    notifications: Vec<NotificationOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// `GET /portal/notifications`: what the org should look at, newest first; for staff without an org, of all orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/notifications", tag = "Conversations and leads",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 100; 50 if absent"),
           ("cursor" = Option<String>, Query), ("unread" = Option<bool>, Query, description = "Only what nobody has read")),
    responses((status = 200, body = NotificationsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_notifications(
    access: Access<Read>,
    query: Query,
) -> Result<Json<NotificationsOut>> {
    let page = query.page(50, 100)?;
    let unread = query.flag("unread")?.unwrap_or_default();
    let statement = store::notifications(access.scope(), &page, unread);
    let (_tenant, [rows]) = access.read([statement]).await?;
    let (notifications, next_cursor) = page.cut(rows.all()?, NotificationOut::key);
    Ok(Json(NotificationsOut { notifications, next_cursor }))
}

/// One notification.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct OneNotificationOut {
    notification: NotificationOut,
}

/// `POST /portal/notifications/{id}/read`: somebody of the org has seen it. Once it is read, it stays so.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/notifications/{id}/read", tag = "Conversations and leads",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, description = "Read, now or before", body = OneNotificationOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn read_notification(
    access: Access<Write>,
    Path(id): Path<String>,
) -> Result<Json<OneNotificationOut>> {
    let access = access.while_read_only();
    let target = store::notification(access.scope(), &id);
    let (grant, notification, []) =
        access.grant_for::<NotificationOut, 0>(target, not_found, []).await?;
    if notification.read_at.is_some() {
        return Ok(Json(OneNotificationOut { notification }));
    }
    let entry = Entry {
        event: "notification.read",
        target_type: "notification",
        target_id: &id,
        metadata: json!({}),
    };
    let statements = vec![store::notification_read(&grant, &id), grant.audit(&entry)?];
    let rows = grant.write(statements).await?;
    let notification = rows.first().map_or(Ok(None), Rows::first)?;
    Ok(Json(OneNotificationOut { notification: notification.ok_or_else(not_found)? }))
}
