//! `/portal/memberships`

use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::store::{self, MembershipRow, NewMembership, OrgNameRow};
use crate::audit::Entry;
use crate::auth::caller::NoOrg;
use crate::auth::permission::{Access, Administer, Grant, Leave, role_too_low};
use crate::auth::policy::{Action, Role, allows};
use crate::body;
use crate::error::{Error, Result};
use crate::http::body::{Read, Text, invalid};
use crate::http::extract::{Json, Path};
use crate::ids::{ClerkUserId, OrgId, new_id};
use crate::orgs::cap_reached;

body! {
    /// Who becomes a member of which org, and as what.
    pub struct MembershipIn {
        /// Clerk's id of the person, who need not have signed in yet.
        clerk_user_id as "clerkUserId": Option<Text<0, 100>>,
        org_id as "orgId": Option<Text<0, 100>>,
        /// `member` if absent; `owner` is given by owners and staff alone.
        role as "role": Option<Role>,
    }
}

body! {
    /// The new role.
    pub struct MembershipPatch {
        role as "role": Role,
    }
}

/// A membership.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MemberOut {
    /// Of the membership.
    pub id: String,
    /// Clerk's id of the person.
    pub clerk_user_id: ClerkUserId,
    /// The org.
    pub org_id: OrgId,
    /// Its name.
    pub org_name: String,
    /// The person's role in it.
    pub role: Role,
}

/// The membership as it is now.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct MembershipChangedOut {
    membership: MemberOut,
}

/// What became of it.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct MembershipDeletedOut {
    deleted: bool,
}

/// The refusal to add who is there.
#[track_caller]
pub fn already_member() -> Error {
    Error::conflict("already_member", "User is already a member of this organization")
}

/// Whether the caller may give `role`, or take it away: none above their own, but staff any.
pub fn may_give(grant: &Grant, role: Role) -> Result<()> {
    if role <= grant.role || grant.actor.caller.user.is_staff {
        return Ok(());
    }
    Err(role_too_low(match role {
        Role::Owner => Action::Own,
        Role::Admin => Action::Administer,
        Role::Member | Role::Viewer => Action::Write,
    }))
}

#[track_caller]
fn not_found() -> Error {
    Error::not_found("membership_not_found", "Membership not found")
}

/// Why a membership was not changed: its org would be without an owner, or somebody was faster.
#[track_caller]
fn unchanged(row: &MembershipRow) -> Error {
    if row.role == Role::Owner {
        return Error::conflict("last_owner", "Organization needs an owner")
            .hint("This is the last owner; make somebody else an owner first.");
    }
    Error::conflict("conflict", "Membership was changed")
        .hint("Somebody else changed it in this moment; read it again.")
}

/// The refusal of a foreign org, which is named in the body here.
fn of_body(error: Error) -> Error {
    if error.code() != "org_forbidden" {
        return error;
    }
    Error::forbidden("org_forbidden", "Admin access required")
        .hint("You are not a member of the organization in \"orgId\".")
}

/// `user_` and what follows it in Clerk's ids.
fn is_clerk_user_id(text: &str) -> bool {
    text.strip_prefix("user_").is_some_and(|rest| {
        (1..=64).contains(&rest.len())
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// `POST /portal/memberships`: makes a person a member of the org in the body, whatever `?orgId=` says. Open invitations hold seats
/// as members do; staff may go beyond the cap.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/memberships", tag = "People",
    request_body = MembershipIn,
    responses((status = 201, body = MembershipChangedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn create_membership(
    access: Access<Administer>,
    Read(body): Read<MembershipIn>,
) -> Result<(StatusCode, Json<MembershipChangedOut>)> {
    let given =
        |text: Option<Text<0, 100>>| text.map(|text| text.0).filter(|text| !text.is_empty());
    let (Some(clerk_user_id), Some(org_id)) = (given(body.clerk_user_id), given(body.org_id))
    else {
        return Err(Error::bad_request("invalid_body", "clerkUserId and orgId are required"));
    };
    if !is_clerk_user_id(&clerk_user_id) {
        return Err(invalid("clerkUserId", "must be Clerk's id of a user (user_…)"));
    }
    let org_id = OrgId::from(org_id);
    let role = body.role.unwrap_or(Role::Member);
    let asked = access.scope().named_org().cloned();
    let access = access.of_body_org(org_id);
    let statement = store::org_name(access.scope());
    let granted = access.grant([statement]).await;
    let (grant, [org]) = granted.map_err(of_body)?;
    // The body decides; that is no reason to name an org of others.
    if asked.is_some_and(|asked| grant.actor.caller.role_in(&asked).is_none()) {
        return Err(NoOrg::Foreign.into());
    }
    may_give(&grant, role)?;
    let org: OrgNameRow = org.one()?;
    let id = new_id(grant.op().now())?;
    let new = NewMembership { id: &id, clerk_user_id: &clerk_user_id, role };
    let entry = Entry {
        event: "membership.created",
        target_type: "membership",
        target_id: &id,
        metadata: json!({ "clerkUserId": clerk_user_id, "role": role }),
    };
    let rows = grant
        .write(vec![
            store::membership_insert(&grant, &new),
            grant.audit(&entry)?,
            store::membership_of(&grant, &clerk_user_id),
        ])
        .await?;
    let counts = rows.iter().map(crate::db::Rows::count).collect::<Result<Vec<_>>>()?;
    if counts.first() == Some(&0) {
        return Err(if counts.last() == Some(&0) { cap_reached() } else { already_member() });
    }
    let membership = MemberOut {
        id,
        clerk_user_id: clerk_user_id.into(),
        org_id: grant.org,
        org_name: org.name,
        role,
    };
    Ok((StatusCode::CREATED, Json(MembershipChangedOut { membership })))
}

/// `PATCH /portal/memberships/{id}`: another role. Only owners and staff change owners or make them, and
/// the last owner stays one.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(patch, path = "/portal/memberships/{id}", tag = "People",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)), request_body = MembershipPatch,
    responses((status = 200, body = MembershipChangedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn update_membership(
    access: Access<Administer>,
    Path(id): Path<String>,
    Read(body): Read<MembershipPatch>,
) -> Result<Json<MembershipChangedOut>> {
    let target = store::membership(access.scope(), &id);
    let (grant, row, []) = access.grant_for::<MembershipRow, 0>(target, not_found, []).await?;
    may_give(&grant, body.role)?;
    may_give(&grant, row.role)?;
    if body.role == row.role {
        let membership = changed(row, grant.org, body.role);
        return Ok(Json(MembershipChangedOut { membership }));
    }
    let entry = Entry {
        event: "membership.updated",
        target_type: "membership",
        target_id: &row.id,
        metadata: json!({
            "clerkUserId": row.clerk_user_id, "role": body.role, "previousRole": row.role,
        }),
    };
    let update = store::membership_update(&grant, &row, body.role);
    let rows = grant.write(vec![update, grant.audit(&entry)?]).await?;
    if rows.first().map_or(Ok(0), crate::db::Rows::count)? == 0 {
        return Err(unchanged(&row));
    }
    let membership = changed(row, grant.org, body.role);
    Ok(Json(MembershipChangedOut { membership }))
}

fn changed(row: MembershipRow, org_id: OrgId, role: Role) -> MemberOut {
    let MembershipRow { id, clerk_user_id, org_name, .. } = row;
    MemberOut { id, clerk_user_id, org_id, org_name, role }
}

/// `DELETE /portal/memberships/{id}`: ends a membership; anybody their own. Only owners and staff remove
/// owners, and the last owner stays.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(delete, path = "/portal/memberships/{id}", tag = "People",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, body = MembershipDeletedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn delete_membership(
    access: Access<Leave>,
    Path(id): Path<String>,
) -> Result<Json<MembershipDeletedOut>> {
    let target = store::membership(access.scope(), &id);
    let (grant, row, []) = access.grant_for::<MembershipRow, 0>(target, not_found, []).await?;
    let is_own = row.clerk_user_id == grant.actor.caller.user.clerk_user_id;
    if !is_own {
        if !allows(grant.role, Action::Administer) {
            return Err(role_too_low(Action::Administer));
        }
        may_give(&grant, row.role)?;
    }
    let entry = Entry {
        event: "membership.deleted",
        target_type: "membership",
        target_id: &row.id,
        metadata: json!({ "clerkUserId": row.clerk_user_id, "role": row.role, "left": is_own }),
    };
    let delete = store::membership_delete(&grant, &row);
    let rows = grant.write(vec![delete, grant.audit(&entry)?]).await?;
    if rows.first().map_or(Ok(0), crate::db::Rows::count)? == 0 {
        return Err(unchanged(&row));
    }
    Ok(Json(MembershipDeletedOut { deleted: true }))
}
