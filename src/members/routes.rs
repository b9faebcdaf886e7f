//! `GET /portal/me`

use serde::Serialize;

use crate::auth::caller::{ActiveOrg, Caller, Membership, NoOrg, User, UserStatus};
use crate::auth::permission::SignedIn;
use crate::auth::policy::Role;
use crate::error::Result;
use crate::http::extract::Json;
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
    let Caller { user, memberships, active } = signed_in.caller().await?;
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
