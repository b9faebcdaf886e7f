//! `GET /portal/me`, `GET /portal/team`, `GET /portal/orgs/{id}/members`

use serde::Serialize;

use super::store::{self, OrgMemberOut};
use crate::auth::caller::{ActiveOrg, Caller, Membership, NoOrg, User, UserStatus};
use crate::auth::permission::{Access, Read, SignedIn};
use crate::auth::policy::Role;
use crate::error::Result;
use crate::http::extract::{Json, Path, Query};
use crate::ids::{ClerkUserId, OrgId};
use crate::time::StoredTime;

/// The person, their orgs, and the org that the portal opens with.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MeOut {
    user: UserOut,
    memberships: Vec<MembershipOut>,
    current_org_id: Option<OrgId>,
    current_org_role: Option<Role>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct UserOut {
    id: String,
    clerk_user_id: ClerkUserId,
    email: Option<String>,
    name: Option<String>,
    avatar_url: Option<String>,
    is_koby_staff: bool,
    status: UserStatus,
    last_login_at: Option<StoredTime>,
    created_at: StoredTime,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct MembershipOut {
    id: String,
    org_id: OrgId,
    org_name: String,
    org_slug: Option<String>,
    org_status: String,
    org_plan: String,
    role: Role,
    created_at: StoredTime,
}

impl From<User> for UserOut {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            clerk_user_id: user.clerk_user_id,
            email: user.email,
            name: user.name,
            avatar_url: user.avatar_url,
            is_koby_staff: user.is_staff,
            status: user.status,
            last_login_at: user.last_login_at,
            created_at: user.created_at,
        }
    }
}

impl From<Membership> for MembershipOut {
    fn from(membership: Membership) -> Self {
        Self {
            id: membership.id,
            org_id: membership.org_id,
            org_name: membership.org_name,
            org_slug: membership.org_slug,
            org_status: membership.org_status,
            org_plan: membership.org_plan,
            role: membership.role,
            created_at: membership.created_at,
        }
    }
}

/// `GET /portal/me`: any signed-in person, with or without an org. The first call makes the person's row.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/me", tag = "People",
    responses((status = 200, body = MeOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn get_me(signed_in: SignedIn) -> Result<Json<MeOut>> {
    let Caller { user, memberships, active, .. } = signed_in.caller().await?;
    let (current_org_id, current_org_role) = match active {
        ActiveOrg::One(org, role) => (Some(org), Some(role)),
        ActiveOrg::All | ActiveOrg::None(NoOrg::NoMembership | NoOrg::OrgNotActive) => (None, None),
        ActiveOrg::None(reason) => return Err(reason.into()),
    };
    if let Some(org) = &current_org_id {
        signed_in.op.request.set_org(org);
    }
    Ok(Json(MeOut {
        user: user.into(),
        memberships: memberships.into_iter().map(MembershipOut::from).collect(),
        current_org_id,
        current_org_role,
    }))
}

/// A page of an org's members.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MembersOut {
    members: Vec<OrgMemberOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The org's team.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TeamOut {
    team: Vec<TeamMemberOut>,
    /// Only of an empty team.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    /// The page where members are managed.
    manage_url: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct TeamMemberOut {
    /// Of the membership.
    id: String,
    name: Option<String>,
    email: Option<String>,
    role: Role,
    /// Absent until the person signs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_active: Option<StoredTime>,
}

/// `GET /portal/orgs/{id}/members`: the members of one org, the oldest first.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/orgs/{id}/members", tag = "People",
    params(("id" = String, Path), ("limit" = Option<u32>, Query, description = "1 to 200; 100 if absent"),
           ("cursor" = Option<String>, Query)),
    responses((status = 200, body = MembersOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_members(
    access: Access<Read>,
    Path(org): Path<String>,
    query: Query,
) -> Result<Json<MembersOut>> {
    let page = query.page(100, 200)?;
    let access = access.of_path_org(org.into());
    let statement = store::members(access.scope(), &page);
    let (_tenant, [members]) = access.read([statement]).await?;
    let (members, next_cursor) = page.cut(members.all()?, OrgMemberOut::key);
    Ok(Json(MembersOut { members, next_cursor }))
}

/// `GET /portal/team`: the members of the org, the oldest first; for staff without an org, nobody.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/team", tag = "People",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 200; 100 if absent"),
           ("cursor" = Option<String>, Query)),
    responses((status = 200, body = TeamOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn get_team(access: Access<Read>, query: Query) -> Result<Json<TeamOut>> {
    let page = query.page(100, 200)?;
    let statement = store::members(access.scope(), &page);
    let (_tenant, [members]) = access.read([statement]).await?;
    let (members, next_cursor) = page.cut(members.all()?, OrgMemberOut::key);
    let message =
        members.is_empty().then_some("No members; choose an organization to see its team");
    let team = members.into_iter().map(TeamMemberOut::from).collect();
    Ok(Json(TeamOut { team, message, manage_url: "/portal/team", next_cursor }))
}

impl From<OrgMemberOut> for TeamMemberOut {
    fn from(member: OrgMemberOut) -> Self {
        Self {
            id: member.id,
            name: member.name,
            email: member.email,
            role: member.role,
            last_active: member.last_active,
        }
    }
}
