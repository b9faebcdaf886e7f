//! `/portal/membership-caps`, `/portal/check-invite-allowed`

use serde::Serialize;
use serde_json::{Value, json};

use super::routes::changed_meanwhile;
use super::store::{self, OrgRow};
use crate::audit::Entry;
use crate::auth::caller::NoOrg;
use crate::auth::permission::{Access, Administer, Read as Reader, Staff, Tenant};
use crate::body;
use crate::error::{Error, Result};
use crate::http::body::{Member, Read};
use crate::http::extract::Json;
use crate::ids::OrgId;

/// How many may belong to the org, and how many do.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MembershipCapOut {
    org_id: OrgId,
    org_name: String,
    max_members: i64,
    member_count: i64,
    /// Each holds a seat.
    open_invitations: i64,
}

/// The cap as it is now.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MembershipCapChangedOut {
    org_id: OrgId,
    org_name: String,
    max_members: i64,
    updated: bool,
}

/// Whether another person may be invited.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct InviteAllowedOut {
    allowed: bool,
    /// `under_cap`, `cap_reached` or `staff_override`.
    reason: &'static str,
    current_member_count: i64,
    max_members: i64,
    /// Seats that neither members nor open invitations hold; negative only for staff.
    remaining_slots: i64,
    /// Absent for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// A cap that is no whole number from 1 to 1000 is refused with a text of its own.
#[derive(Debug)]
pub struct Cap(Option<i64>);

impl Member for Cap {
    fn from_member(value: Value) -> Result<Self, String> {
        Ok(Self(value.as_i64().filter(|cap| (1..=1000).contains(cap))))
    }

    fn absent() -> Result<Self, String> {
        Ok(Self(None))
    }
}

body! {
    /// The new cap.
    pub struct MembershipCapPatch {
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = i64, minimum = 1, maximum = 1000))]
        max_members as "maxMembers": Cap,
    }
}

/// The refusal of a member beyond the cap.
#[track_caller]
pub fn cap_reached() -> Error {
    Error::conflict("cap_reached", "Member limit reached").hint(
        "Your organization has as many members and open invitations as it may; remove one, or contact Koby support to increase your limit.",
    )
}

/// `GET /portal/membership-caps`: the org's cap and how its seats are taken.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/membership-caps", tag = "Organizations",
    params(("orgId" = Option<String>, Query)),
    responses((status = 200, body = MembershipCapOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn get_membership_caps(access: Access<Reader>) -> Result<Json<MembershipCapOut>> {
    let statement = store::org(access.scope(), access.op.now());
    let (_tenant, [org]) = access.read([statement]).await?;
    let org: OrgRow = org.first()?.ok_or(NoOrg::Unknown)?;
    Ok(Json(MembershipCapOut {
        org_id: org.id,
        org_name: org.name,
        max_members: org.max_members,
        member_count: org.member_count,
        open_invitations: org.open_invitations,
    }))
}

/// `PATCH /portal/membership-caps`: sets the org's cap. Who is a member already stays one.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(patch, path = "/portal/membership-caps", tag = "Organizations",
    params(("orgId" = Option<String>, Query)), request_body = MembershipCapPatch,
    responses((status = 200, body = MembershipCapChangedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn update_membership_caps(
    access: Access<Staff>,
    Read(patch): Read<MembershipCapPatch>,
) -> Result<Json<MembershipCapChangedOut>> {
    let statement = store::org(access.scope(), access.op.now());
    let (actor, tenant, [org]) = access.read_as_actor([statement]).await?;
    if tenant == Tenant::All && access.scope().named_org().is_none() {
        return Err(Error::bad_request(
            "org_required",
            "Organization required. Use ?orgId= parameter.",
        ));
    }
    let max_members = patch.max_members.0.ok_or_else(|| {
        Error::bad_request("invalid_body", "maxMembers must be a number between 1 and 1000")
            .hint("Send a whole number.")
    })?;
    let org: OrgRow = org.first()?.ok_or(NoOrg::Unknown)?;
    if max_members != org.max_members {
        let entry = Entry {
            event: "org.membership_cap_updated",
            target_type: "org",
            target_id: org.id.as_str(),
            metadata: json!({ "maxMembers": max_members, "previousValue": org.max_members }),
        };
        let update = store::org_cap_update(&org, max_members, actor.op.now());
        let rows = actor.write(vec![update, actor.audit(Some(&org.id), &entry)?]).await?;
        if rows.first().map_or(Ok(0), crate::db::Rows::count)? == 0 {
            return Err(changed_meanwhile());
        }
    }
    let (org_id, org_name) = (org.id, org.name);
    Ok(Json(MembershipCapChangedOut { org_id, org_name, max_members, updated: true }))
}

/// `POST /portal/check-invite-allowed`: whether the org has a seat for another person, by the server's own
/// count; a body is not needed.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/check-invite-allowed", tag = "Organizations",
    params(("orgId" = Option<String>, Query)),
    responses((status = 200, body = InviteAllowedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn check_invite_allowed(access: Access<Administer>) -> Result<Json<InviteAllowedOut>> {
    let statement = store::org(access.scope(), access.op.now());
    let (grant, [org]) = access.grant([statement]).await?;
    let org: OrgRow = org.first()?.ok_or(NoOrg::Unknown)?;
    Ok(Json(judged(&org, grant.actor.caller.user.is_staff)))
}

fn judged(org: &OrgRow, is_staff: bool) -> InviteAllowedOut {
    let max = org.seats;
    let left = max - org.member_count - org.open_invitations;
    let (allowed, reason, message) = if is_staff {
        (true, "staff_override", None)
    } else if left > 0 {
        let members = if left == 1 { "member" } else { "members" };
        (true, "under_cap", Some(format!("You can invite up to {left} more {members}.")))
    } else {
        (
            false,
            "cap_reached",
            Some(format!(
                "Your organization has reached the maximum of {max} members. Contact Koby support to increase your limit."
            )),
        )
    };
    InviteAllowedOut {
        allowed,
        reason,
        current_member_count: org.member_count,
        max_members: max,
        remaining_slots: if is_staff { left } else { left.max(0) },
        message,
    }
}
