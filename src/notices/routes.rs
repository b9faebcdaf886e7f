//! `/portal/notices`

use serde::Serialize;
use serde_json::json;

use super::store::{self, NoticeOut, SettingsRow};
use crate::app::Op;
use crate::audit::Entry;
use crate::auth::permission::{Access, Administer, Read, Tenant, Write};
use crate::body;
use crate::clients::resend::Resend;
use crate::clients::twilio::Twilio;
use crate::db::Rows;
use crate::error::{Error, Result};
use crate::http::body::{self, Change};
use crate::http::extract::{Json, Path, Query};
use crate::ids::OrgId;
use crate::phone_number::PhoneNumber;

#[track_caller]
fn not_found() -> Error {
    Error::not_found("notice_not_found", "Notice not found")
}

/// A page of notices.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct NoticesOut {
    notices: Vec<NoticeOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// `GET /portal/notices`: how the org stands with its subscriptions, newest first; for staff without an org, of all orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/notices", tag = "Billing",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 100; 50 if absent"),
           ("cursor" = Option<String>, Query), ("unread" = Option<bool>, Query, description = "Only what nobody has read")),
    responses((status = 200, body = NoticesOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_notices(access: Access<Read>, query: Query) -> Result<Json<NoticesOut>> {
    let page = query.page(50, 100)?;
    let unread = query.flag("unread")?.unwrap_or_default();
    let statement = store::notices(access.scope(), &page, unread);
    let (_tenant, [rows]) = access.read([statement]).await?;
    let (notices, next_cursor) = page.cut(rows.all()?, NoticeOut::key);
    Ok(Json(NoticesOut { notices, next_cursor }))
}

/// One notice.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct OneNoticeOut {
    notice: NoticeOut,
}

/// `POST /portal/notices/{id}/read`: somebody of the org has seen it, also while it is read-only. Once it is read, it
/// stays so.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/notices/{id}/read", tag = "Billing",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, description = "Read, now or before", body = OneNoticeOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn read_notice(
    access: Access<Write>,
    Path(id): Path<String>,
) -> Result<Json<OneNoticeOut>> {
    let access = access.while_read_only();
    let target = store::notice(access.scope(), &id);
    let (grant, notice, []) = access.grant_for::<NoticeOut, 0>(target, not_found, []).await?;
    if notice.read_at.is_some() {
        return Ok(Json(OneNoticeOut { notice }));
    }
    let entry =
        Entry { event: "notice.read", target_type: "notice", target_id: &id, metadata: json!({}) };
    let rows = grant.write(vec![store::notice_read(&grant, &id), grant.audit(&entry)?]).await?;
    let notice = rows.first().map_or(Ok(None), Rows::first)?;
    Ok(Json(OneNoticeOut { notice: notice.ok_or_else(not_found)? }))
}

/// Where the org's notices are sent, besides the addresses of its owners.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct NoticeSettingsOut {
    org_id: OrgId,
    /// `null`: nobody is texted.
    sms_phone: Option<String>,
    /// Whether this service sends e-mails.
    sends_email: bool,
    /// Whether this service sends text messages.
    sends_sms: bool,
}

impl NoticeSettingsOut {
    fn of(op: &Op, org_id: OrgId, sms_phone: Option<String>) -> Self {
        let (sends_email, sends_sms) = (Resend::of(op).is_some(), Twilio::of(op).is_some());
        Self { org_id, sms_phone, sends_email, sends_sms }
    }
}

body! {
    /// Where to send notices besides; what is absent stays.
    pub struct NoticeSettingsPatch {
        /// `null`: nobody is texted.
        sms_phone as "smsPhone": Change<PhoneNumber>,
    }
}

fn phone_of(rows: &Rows) -> Result<Option<String>> {
    Ok(rows.first::<SettingsRow>()?.and_then(|row| row.sms_phone))
}

/// `GET /portal/notices/settings`: where the org's notices are sent.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/notices/settings", tag = "Billing",
    params(("orgId" = Option<String>, Query)),
    responses((status = 200, body = NoticeSettingsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn get_notice_settings(access: Access<Administer>) -> Result<Json<NoticeSettingsOut>> {
    let (tenant, [settings]) = access.read([store::settings(access.scope())]).await?;
    let Tenant::Org(org) = tenant else {
        return Err(Error::bad_request("org_required", "Organization required")
            .hint("Name the organization with ?orgId=."));
    };
    Ok(Json(NoticeSettingsOut::of(&access.op, org, phone_of(&settings)?)))
}

/// `PATCH /portal/notices/settings`: says where the org's notices are sent, also while it is read-only.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(patch, path = "/portal/notices/settings", tag = "Billing",
    params(("orgId" = Option<String>, Query)), request_body = NoticeSettingsPatch,
    responses((status = 200, body = NoticeSettingsOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn update_notice_settings(
    access: Access<Administer>,
    body::Read(patch): body::Read<NoticeSettingsPatch>,
) -> Result<Json<NoticeSettingsOut>> {
    let access = access.while_read_only();
    let (grant, [settings]) = access.grant([store::settings(access.scope())]).await?;
    if !patch.sms_phone.is_change() {
        return Err(Error::bad_request("nothing_to_change", "No fields to update"));
    }
    let before = phone_of(&settings)?;
    let phone = patch.sms_phone.value();
    let number = phone.map(|number| number.as_str().to_owned());
    let (op, org) = (grant.op(), grant.org.clone());
    if number == before {
        return Ok(Json(NoticeSettingsOut::of(op, org, before)));
    }
    let entry = Entry {
        event: "notice.settings_updated",
        target_type: "org",
        target_id: grant.org.as_str(),
        // Whose number it is, nobody else need know.
        metadata: json!({ "smsPhone": if number.is_some() { "set" } else { "cleared" } }),
    };
    grant.write(vec![store::settings_put(&grant, phone), grant.audit(&entry)?]).await?;
    Ok(Json(NoticeSettingsOut::of(op, org, number)))
}
