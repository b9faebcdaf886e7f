//! The administration of profiles.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use super::profile::Section;
use super::profile_store::{
    self as store, ProfileChange, ProfileRow, WidgetProfileOut, profile_not_found,
};
use crate::auth::permission::{Access, Administer, Read};
use crate::error::Result;
use crate::http::body::{self, Change, FromBody, Lines, Members, Text, take};
use crate::http::extract::{DeletedOut, Json, Path, Query};

#[cfg(not(target_arch = "wasm32"))]
pub(super) use self::document::{WidgetAnalytics, WidgetBehavior, WidgetLocale, WidgetTheme};

/// A page of profiles.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WidgetProfilesOut {
    profiles: Vec<WidgetProfileOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// One profile.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct WidgetProfileResultOut {
    profile: WidgetProfileOut,
}

fn result(row: ProfileRow) -> Json<WidgetProfileResultOut> {
    Json(WidgetProfileResultOut { profile: row.into() })
}

/// A new profile, judged.
#[derive(Debug)]
pub struct NewProfile(ProfileChange);

impl FromBody for NewProfile {
    fn from_members(mut members: Members) -> Result<Self> {
        let name: Text<1, 100> = take(&mut members, "name")?;
        read(members, Some(name)).map(Self)
    }
}

/// A change to a profile, judged.
#[derive(Debug)]
pub struct ChangedProfile(ProfileChange);

impl FromBody for ChangedProfile {
    fn from_members(mut members: Members) -> Result<Self> {
        let name: Option<Text<1, 100>> = take(&mut members, "name")?;
        read(members, name).map(Self)
    }
}

fn read(mut members: Members, name: Option<Text<1, 100>>) -> Result<ProfileChange> {
    let description: Change<Lines<0, 500>> = take(&mut members, "description")?;
    let description = match description {
        Change::Keep => Change::Keep,
        Change::Set(text) if !text.0.is_empty() => Change::Set(text.0),
        Change::Set(_) | Change::Clear => Change::Clear,
    };
    let mut section = |section: Section| -> Result<_> {
        let patch = members.remove(section.name()).unwrap_or_else(|| Value::Object(Members::new()));
        Ok((section, section.patch(patch)?))
    };
    let [theme, behavior, locale, analytics] = Section::ALL;
    let sections = [section(theme)?, section(behavior)?, section(locale)?, section(analytics)?];
    Ok(ProfileChange { name: name.map(|name| name.0), description, sections })
}

/// `GET /portal/widget/profiles`: profiles, newest first; for staff without an org, of all orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/widget/profiles", tag = "Widget",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 100; 50 if absent"),
           ("cursor" = Option<String>, Query)),
    responses((status = 200, body = WidgetProfilesOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_widget_profiles(
    access: Access<Read>,
    query: Query,
) -> Result<Json<WidgetProfilesOut>> {
    let page = query.page(50, 100)?;
    let (_tenant, [rows]) = access.read([store::profiles(access.scope(), &page)]).await?;
    let (rows, next_cursor) = page.cut(rows.all()?, ProfileRow::key);
    let profiles = rows.into_iter().map(WidgetProfileOut::from).collect();
    Ok(Json(WidgetProfilesOut { profiles, next_cursor }))
}

/// `GET /portal/widget/profiles/{id}`: one profile.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/widget/profiles/{id}", tag = "Widget",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, body = WidgetProfileResultOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn get_widget_profile(
    access: Access<Read>,
    Path(id): Path<String>,
) -> Result<Json<WidgetProfileResultOut>> {
    let (_tenant, [row]) = access.read([store::profile(access.scope(), &id)]).await?;
    Ok(result(row.first()?.ok_or_else(profile_not_found)?))
}

/// `POST /portal/widget/profiles`: makes a profile; what the body does not hold is the default.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/widget/profiles", tag = "Widget",
    params(("orgId" = Option<String>, Query)), request_body = document::WidgetProfileIn,
    responses((status = 201, body = WidgetProfileResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn create_widget_profile(
    access: Access<Administer>,
    body::Read(NewProfile(new)): body::Read<NewProfile>,
) -> Result<Response> {
    let (grant, []) = access.grant([]).await?;
    let made = store::profile_insert(&grant, new).await?;
    Ok((StatusCode::CREATED, result(made)).into_response())
}

/// `PATCH /portal/widget/profiles/{id}`: changes the fields that the body holds; `null` brings a default back. Pages
/// have it within five minutes.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(patch, path = "/portal/widget/profiles/{id}", tag = "Widget",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)), request_body = document::WidgetProfilePatch,
    responses((status = 200, body = WidgetProfileResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn update_widget_profile(
    access: Access<Administer>,
    Path(id): Path<String>,
    body::Read(ChangedProfile(change)): body::Read<ChangedProfile>,
) -> Result<Json<WidgetProfileResultOut>> {
    let target = store::profile(access.scope(), &id);
    let (grant, present, []) =
        access.grant_for::<ProfileRow, 0>(target, profile_not_found, []).await?;
    let changed = present.changed(&change);
    if changed.is_empty() {
        return Ok(result(present));
    }
    Ok(result(store::profile_update(&grant, &id, change, &changed).await?))
}

/// `DELETE /portal/widget/profiles/{id}`: deletes a profile; deployments that have it go back to the defaults.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(delete, path = "/portal/widget/profiles/{id}", tag = "Widget",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, body = DeletedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn delete_widget_profile(
    access: Access<Administer>,
    Path(id): Path<String>,
) -> Result<Json<DeletedOut>> {
    let target = store::profile(access.scope(), &id);
    let (grant, present, []) =
        access.grant_for::<ProfileRow, 0>(target, profile_not_found, []).await?;
    if store::profile_delete(&grant, &present).await? {
        Ok(Json(DeletedOut::DONE))
    } else {
        Err(profile_not_found())
    }
}

/// The parts of a profile for the API's document; [`super::profile`] reads them.
#[cfg(not(target_arch = "wasm32"))]
#[expect(dead_code, reason = "the fields are read by the derive")]
pub mod document {
    use utoipa::ToSchema;

    /// A new profile.
    #[derive(ToSchema)]
    pub struct WidgetProfileIn {
        /// 1 to 100 characters.
        name: String,
        /// At most 500 characters.
        description: Option<String>,
        /// Any of its fields.
        theme: Option<WidgetTheme>,
        /// Any of its fields.
        behavior: Option<WidgetBehavior>,
        /// Any of its fields.
        locale: Option<WidgetLocale>,
        /// Any of its fields.
        analytics: Option<WidgetAnalytics>,
    }

    /// Changes to a profile: of each part any of its fields; null brings a default back.
    #[derive(ToSchema)]
    pub struct WidgetProfilePatch {
        name: Option<String>,
        description: Option<String>,
        theme: Option<WidgetTheme>,
        behavior: Option<WidgetBehavior>,
        locale: Option<WidgetLocale>,
        analytics: Option<WidgetAnalytics>,
    }

    /// How the widget looks.
    #[derive(ToSchema)]
    #[schema(rename_all = "camelCase")]
    pub struct WidgetTheme {
        /// `bottom-right`, `bottom-left`, `top-right` or `top-left`.
        #[schema(example = "bottom-right")]
        position: Option<String>,
        /// `#` and six hexadecimal digits.
        #[schema(example = "#f97316")]
        primary_color: Option<String>,
        /// Letters, digits, blanks, hyphens and commas.
        #[schema(example = "system-ui")]
        font_family: Option<String>,
        /// From `0px` to `64px`.
        #[schema(example = "16px")]
        border_radius: Option<String>,
        /// One line of at most 80 characters without `<`, `>`, `"`, backtick and backslash, as all texts here.
        header_text: Option<String>,
        placeholder_text: Option<String>,
        /// `send`, `arrow`, `plane` or `chat`.
        send_button_icon: Option<String>,
        show_branding: Option<bool>,
        /// `auto`, `light` or `dark`.
        dark_mode: Option<String>,
    }

    /// What the widget does.
    #[derive(ToSchema)]
    #[schema(rename_all = "camelCase")]
    pub struct WidgetBehavior {
        auto_open: Option<bool>,
        /// Milliseconds, at most 600000.
        auto_open_delay: Option<u32>,
        /// At most 20, of at most 200 characters.
        trigger_messages: Option<Vec<String>>,
        persist_session: Option<bool>,
        /// Milliseconds, 60000 to 604800000.
        session_timeout: Option<u32>,
        show_typing_indicator: Option<bool>,
        enable_sounds: Option<bool>,
        enable_attachments: Option<bool>,
        /// 1 to 5000 characters.
        max_message_length: Option<u32>,
    }

    /// Its texts.
    #[derive(ToSchema)]
    #[schema(rename_all = "camelCase")]
    pub struct WidgetLocale {
        greeting: Option<String>,
        offline_message: Option<String>,
        error_message: Option<String>,
        send_label: Option<String>,
        minimize_label: Option<String>,
    }

    /// What it tells.
    #[derive(ToSchema)]
    #[schema(rename_all = "camelCase")]
    pub struct WidgetAnalytics {
        track_events: Option<bool>,
        track_conversions: Option<bool>,
        /// At most 20 names of events besides those that every widget knows: small letters, digits and `_`.
        custom_events: Option<Vec<String>>,
    }
}
