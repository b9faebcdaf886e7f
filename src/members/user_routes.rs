//! `/portal/users`

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::email::Email;
use super::store::{self, ListedUserOut, UserInReachRow, UserRow};
use crate::audit::Entry;
use crate::auth::caller::UserStatus;
use crate::auth::permission::{Access, Actor, Read as Reader, Staff, role_too_low};
use crate::auth::policy::Action;
use crate::clients::clerk::Clerk;
use crate::config::LogLevel;
use crate::error::{Error, Result};
use crate::http::body::{Change, Read, Text};
use crate::http::extract::{Json, Path, Query, refused};
use crate::ids::ClerkUserId;
use crate::page::TotalRow;
use crate::time::{StoredTime, Timestamp};
use crate::{body, choice};

/// Longest beginning of an address.
const LONGEST_PREFIX: usize = 254;

/// A page of people.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct UsersOut {
    users: Vec<ListedUserOut>,
    /// Of everybody; absent with `q`.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

body! {
    /// What to change; what is absent stays.
    pub struct UserPatch {
        is_koby_staff as "isKobyStaff": Option<bool>,
        status as "status": Option<UserStatus>,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<String>, min_length = 1, max_length = 200))]
        name as "name": Change<Text<1, 200>>,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<String>, format = Email))]
        email as "email": Change<Email>,
    }
}

/// The person as changed.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct UserChangedOut {
    user: ChangedUserOut,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct ChangedUserOut {
    id: String,
    clerk_user_id: ClerkUserId,
    email: Option<String>,
    name: Option<String>,
    is_koby_staff: bool,
    status: UserStatus,
    updated_at: StoredTime,
}

impl From<UserRow> for ChangedUserOut {
    fn from(user: UserRow) -> Self {
        Self {
            id: user.id,
            clerk_user_id: user.clerk_user_id,
            email: user.email,
            name: user.name,
            is_koby_staff: user.is_koby_staff,
            status: user.status,
            updated_at: user.updated_at,
        }
    }
}

/// Since when tokens must be newer.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionsRevokedOut {
    pub(crate) revoked: bool,
    pub(crate) revoked_at: Timestamp,
    /// Absent for an org's, which end here alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) clerk_sessions: Option<ClerkSessions>,
}

choice! {
    /// What becomes of a person's sessions at Clerk.
    pub enum ClerkSessions {
        /// They are being ended beside the response.
        Ending = "ending",
        /// Without a key for Clerk's API they go on, and Clerk issues new tokens.
        NotConfigured = "not_configured",
    }
}

/// `GET /portal/users`: everybody, newest first; with `q`, those whose address begins so, by address.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/users", tag = "People",
    params(("limit" = Option<u32>, Query, description = "1 to 100; 50 if absent"), ("cursor" = Option<String>, Query),
           ("offset" = Option<u32>, Query, description = "0 to 10000; not with a cursor"),
           ("q" = Option<String>, Query, description = "Beginning of an e-mail address")),
    responses((status = 200, body = UsersOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_users(access: Access<Staff>, query: Query) -> Result<Json<UsersOut>> {
    let page = query.page(50, 100)?;
    let offset = query.offset()?;
    let scope = access.scope();
    let prefix = query.text("q").map(|q| q.trim().to_ascii_lowercase());
    if let Some(prefix) = prefix.filter(|prefix| !prefix.is_empty()) {
        if prefix.len() > LONGEST_PREFIX {
            return Err(refused("q", "must have at most 254 characters"));
        }
        let statement = store::users_by_email(scope, &page, &prefix, offset);
        let (_tenant, [users]) = access.read([statement]).await?;
        let (users, next_cursor) = page.cut(users.all()?, ListedUserOut::email_key);
        return Ok(Json(UsersOut { users, total: None, next_cursor }));
    }
    let statements = [store::users(scope, &page, offset), store::users_total(scope)];
    let (_tenant, [users, total]) = access.read(statements).await?;
    let (users, next_cursor) = page.cut(users.all()?, ListedUserOut::key);
    let total = total.one::<TotalRow>()?.total;
    Ok(Json(UsersOut { users, total: Some(total), next_cursor }))
}

#[track_caller]
fn not_found() -> Error {
    Error::not_found("user_not_found", "User not found")
}

/// `PATCH /portal/users/{id}`: changes a person's account. The last active member of staff stays that.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(patch, path = "/portal/users/{id}", tag = "People",
    params(("id" = String, Path)), request_body = UserPatch,
    responses((status = 200, body = UserChangedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn update_user(
    access: Access<Staff>,
    Path(id): Path<String>,
    Read(patch): Read<UserPatch>,
) -> Result<Json<UserChangedOut>> {
    let statement = store::user(access.scope(), &id);
    let (actor, _tenant, [user]) = access.read_as_actor([statement]).await?;
    if patch.is_koby_staff.is_none()
        && patch.status.is_none()
        && !patch.name.is_change()
        && !patch.email.is_change()
    {
        return Err(Error::bad_request("nothing_to_change", "No fields to update"));
    }
    let old: UserRow = user.first()?.ok_or_else(not_found)?;
    let (new, changes) = patched(&old, &patch);
    if changes.is_empty() {
        return Ok(Json(UserChangedOut { user: old.into() }));
    }
    let now = actor.op.now();
    let entry = Entry {
        event: "user.updated",
        target_type: "user",
        target_id: &old.id,
        metadata: json!({ "changes": changes }),
    };
    let statements = vec![store::user_update(&old, &new, now), actor.audit(None, &entry)?];
    let rows = actor.write(statements).await?;
    if rows.first().map_or(Ok(0), crate::db::Rows::count)? == 0 {
        let was_active_staff = old.is_koby_staff && old.status == UserStatus::Active;
        return Err(
            if was_active_staff && !(new.is_koby_staff && new.status == UserStatus::Active) {
                Error::conflict("last_staff", "The last active staff member must stay")
                    .hint("Nobody else could manage the portal; make another person staff first.")
            } else {
                Error::conflict("conflict", "User was changed")
                    .hint("Somebody else changed it in this moment; read it again.")
            },
        );
    }
    let user = UserRow { updated_at: now.to_string().into(), ..new }.into();
    Ok(Json(UserChangedOut { user }))
}

/// The person as they will be, and what that changes. Of name and address the trail tells only that they
/// changed: it outlives the person's wish to be forgotten.
fn patched(old: &UserRow, patch: &UserPatch) -> (UserRow, Map<String, Value>) {
    let mut new = old.clone();
    let mut changes = Map::new();
    new.is_koby_staff = patch.is_koby_staff.unwrap_or(old.is_koby_staff);
    new.status = patch.status.unwrap_or(old.status);
    if patch.name.is_change() {
        new.name = patch.name.value().map(|name| name.0.clone());
    }
    if patch.email.is_change() {
        new.email = patch.email.value().map(|email| email.as_str().to_owned());
    }
    if new.is_koby_staff != old.is_koby_staff {
        let change = json!({ "from": old.is_koby_staff, "to": new.is_koby_staff });
        changes.insert("isKobyStaff".into(), change);
    }
    if new.status != old.status {
        changes.insert("status".into(), json!({ "from": old.status, "to": new.status }));
    }
    for (name, is_changed) in [("name", new.name != old.name), ("email", new.email != old.email)] {
        if is_changed {
            changes.insert(name.into(), json!({ "changed": true }));
        }
    }
    (new, changes)
}

/// `POST /portal/users/{id}/revoke-sessions`: signs a person out everywhere: staff anybody; who
/// administers all orgs of a person, that person.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/users/{id}/revoke-sessions", tag = "People",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, body = SessionsRevokedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn revoke_user_sessions(
    access: Access<Reader>,
    Path(id): Path<String>,
) -> Result<Json<SessionsRevokedOut>> {
    let statement = store::user_in_reach(access.scope(), &id);
    let (actor, _tenant, [user]) = access.read_as_actor([statement]).await?;
    let user: UserInReachRow = user.first()?.ok_or_else(not_found)?;
    let is_staff = actor.caller.user.is_staff;
    if !is_staff {
        may_sign_out(&user)?;
    }
    let org = user.administered_org_id.as_ref().filter(|_| !is_staff);
    if let Some(org) = org {
        access.refuse_revoked_in(&actor, org)?;
    }
    let now = actor.op.now();
    let entry = Entry {
        event: "user.sessions_revoked",
        target_type: "user",
        target_id: &user.id,
        metadata: json!({}),
    };
    let statements = vec![store::user_sessions_revoke(&user.id, now), actor.audit(org, &entry)?];
    actor.write(statements).await?;
    let clerk_sessions = Some(sign_out_of_clerk(&actor, user.clerk_user_id));
    Ok(Json(SessionsRevokedOut { revoked: true, revoked_at: now, clerk_sessions }))
}

/// Whether somebody who is not staff may sign the person out, which they feel in all their orgs.
fn may_sign_out(user: &UserInReachRow) -> Result<()> {
    if user.shared_org_id.is_none() {
        return Err(not_found());
    }
    if user.administered_org_id.is_none() {
        return Err(role_too_low(Action::Administer));
    }
    if user.is_koby_staff || user.is_elsewhere {
        return Err(Error::forbidden("user_elsewhere", "Forbidden").hint(
            "This person also works for others; end the membership instead, or ask Koby support.",
        ));
    }
    Ok(())
}

/// Ends the person's sessions at Clerk beside the response, as otherwise it goes on to issue tokens.
fn sign_out_of_clerk(actor: &Actor, user: ClerkUserId) -> ClerkSessions {
    let op = actor.op.clone();
    if op.app.config.clerk_secret_key.is_none() {
        return ClerkSessions::NotConfigured;
    }
    op.clone().background.spawn(Box::pin(async move {
        if let Some(clerk) = Clerk::of(&op)
            && let Err(reason) = clerk.revoke_sessions(&user).await
        {
            let fields = [("asked", "revoke_sessions".into()), ("reason", reason.into())];
            op.app.log.event(LogLevel::Warn, "clerk_failed", op.now(), &op.request, &fields);
        }
    }));
    ClerkSessions::Ending
}
