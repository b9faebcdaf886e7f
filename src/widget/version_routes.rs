//! The catalogue of builds.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Serialize;

use super::version::{Number, WidgetVersionStatus};
use super::version_store::{
    self as store, NewVersion, VersionChange, WidgetVersionOut, version_not_found,
};
use crate::auth::permission::{Access, Read, Staff};
use crate::body;
use crate::error::Result;
use crate::http::body::{self, Change, Lines, Text, Whole, invalid};
use crate::http::extract::{Json, Path, Query};
use crate::origin::is_https_url;

/// A page of builds.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WidgetVersionsOut {
    versions: Vec<WidgetVersionOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// One build.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct WidgetVersionResultOut {
    version: WidgetVersionOut,
}

body! {
    /// A new build. Its number, its addresses and its integrity never change.
    pub struct WidgetVersionIn {
        /// Such as `1.2.0` or `2.0.0-beta.1`.
        version as "version": Text<5, 40>,
        changelog as "changelog": Option<Lines<0, 5_000>>,
        release_notes as "releaseNotes": Option<Lines<0, 20_000>>,
        /// An https address.
        script_url as "scriptUrl": Text<9, 500>,
        /// An https address.
        styles_url as "stylesUrl": Option<Text<0, 500>>,
        /// Such as `sha384-` and the digest in base64.
        integrity_hash as "integrityHash": Option<Text<0, 120>>,
        /// 1 if absent.
        min_profile_version as "minProfileVersion": Option<Whole<1, 1_000>>,
        /// `canary` if absent.
        status as "status": Option<WidgetVersionStatus>,
    }
}

body! {
    /// Changes to a build: what is absent stays. `deprecated` is for ever.
    pub struct WidgetVersionPatch {
        status as "status": Option<WidgetVersionStatus>,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Lines<0, 5_000>>))]
        changelog as "changelog": Change<Lines<0, 5_000>>,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Lines<0, 20_000>>))]
        release_notes as "releaseNotes": Change<Lines<0, 20_000>>,
    }
}

fn judge(body: WidgetVersionIn) -> Result<NewVersion> {
    let written = |text: String| (!text.is_empty()).then_some(text);
    let url = |name: &str, url: String| {
        if is_https_url(&url) { Ok(url) } else { Err(invalid(name, "must be an https address")) }
    };
    if Number::parse(body.version.as_str()).is_none() {
        return Err(invalid("version", "must be a number such as 1.2.0 or 2.0.0-beta.1"));
    }
    let integrity_hash = body.integrity_hash.and_then(|hash| written(hash.0));
    if integrity_hash.as_deref().is_some_and(|hash| !is_integrity(hash)) {
        let expected = "must be sha256-, sha384- or sha512- and the digest in base64";
        return Err(invalid("integrityHash", expected));
    }
    let styles_url = body.styles_url.and_then(|url| written(url.0));
    Ok(NewVersion {
        version: body.version.0,
        changelog: body.changelog.and_then(|text| written(text.0)),
        release_notes: body.release_notes.and_then(|text| written(text.0)),
        script_url: url("scriptUrl", body.script_url.0)?,
        styles_url: styles_url.map(|styles| url("stylesUrl", styles)).transpose()?,
        integrity_hash,
        min_profile_version: body.min_profile_version.map_or(1, |version| version.0),
        status: body.status.unwrap_or(WidgetVersionStatus::Canary),
    })
}

/// A digest as browsers compare it (W3C Subresource Integrity, section 3.5).
fn is_integrity(text: &str) -> bool {
    let digest = |kind: &str, characters: usize| {
        text.strip_prefix(kind).is_some_and(|digest| {
            let plain = digest.trim_end_matches('=');
            digest.len() == characters
                && digest.len() - plain.len() <= 2
                && plain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
        })
    };
    digest("sha256-", 44) || digest("sha384-", 64) || digest("sha512-", 88)
}

/// `GET /portal/widget/versions`: the builds of the widget, newest first.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/widget/versions", tag = "Widget",
    params(("orgId" = Option<String>, Query), ("status" = Option<WidgetVersionStatus>, Query),
           ("limit" = Option<u32>, Query, description = "1 to 100; 50 if absent"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = WidgetVersionsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_widget_versions(
    access: Access<Read>,
    query: Query,
) -> Result<Json<WidgetVersionsOut>> {
    let page = query.page(50, 100)?;
    let status = query.one_of("status", WidgetVersionStatus::ALL, WidgetVersionStatus::parse)?;
    let statement = store::versions(access.scope(), &page, status);
    let (_tenant, [rows]) = access.read([statement]).await?;
    let (versions, next_cursor) = page.cut(rows.all()?, WidgetVersionOut::key);
    Ok(Json(WidgetVersionsOut { versions, next_cursor }))
}

/// `POST /portal/widget/versions`: adds a build to the catalogue; staff only.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/widget/versions", tag = "Widget",
    request_body = WidgetVersionIn,
    responses((status = 201, body = WidgetVersionResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn create_widget_version(
    access: Access<Staff>,
    body::Read(version): body::Read<WidgetVersionIn>,
) -> Result<Response> {
    let new = judge(version)?;
    let (actor, _tenant, []) = access.read_as_actor([]).await?;
    let version = store::version_insert(&actor, new).await?;
    Ok((StatusCode::CREATED, Json(WidgetVersionResultOut { version })).into_response())
}

/// `PATCH /portal/widget/versions/{id}`: promotes or deprecates a build, or changes its texts; staff only.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(patch, path = "/portal/widget/versions/{id}", tag = "Widget",
    params(("id" = String, Path)), request_body = WidgetVersionPatch,
    responses((status = 200, body = WidgetVersionResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn update_widget_version(
    access: Access<Staff>,
    Path(id): Path<String>,
    body::Read(patch): body::Read<WidgetVersionPatch>,
) -> Result<Json<WidgetVersionResultOut>> {
    let change = VersionChange {
        status: patch.status,
        changelog: text(patch.changelog),
        release_notes: text(patch.release_notes),
    };
    let statement = store::version(access.scope(), &id);
    let (actor, _tenant, [version]) = access.read_as_actor([statement]).await?;
    let present: WidgetVersionOut = version.first()?.ok_or_else(version_not_found)?;
    let changed = present.changed(&change);
    if changed.is_empty() {
        return Ok(Json(WidgetVersionResultOut { version: present }));
    }
    let version = store::version_update(&actor, &id, change, &changed).await?;
    Ok(Json(WidgetVersionResultOut { version }))
}

/// An empty text is none.
fn text<const MAX: usize>(change: Change<Lines<0, MAX>>) -> Change<String> {
    match change {
        Change::Keep => Change::Keep,
        Change::Set(text) if !text.0.is_empty() => Change::Set(text.0),
        Change::Set(_) | Change::Clear => Change::Clear,
    }
}
