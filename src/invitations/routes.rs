//! `/portal/invitations`

use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::acceptance::{Invited, acceptance, clerk_failed};
use super::store::{self, InvitationRow, InvitationTarget, NewInvitation, Obstacle, TokenRow};
use super::{InvitationStatus, token};
use crate::audit::Entry;
use crate::auth::permission::{Access, Administer, Grant, SignedIn};
use crate::auth::policy::Role;
use crate::body;
use crate::clients::clerk::{Clerk, Invite};
use crate::error::{Error, Kind, Result};
use crate::http::body::{Read, Text};
use crate::http::extract::{Json, Path, Query};
use crate::ids::{OrgId, new_id};
use crate::members::{Email, MemberOut, may_give};
use crate::time::{StoredTime, Timestamp};

body! {
    /// Whom to invite, and as what.
    pub struct InvitationIn {
        email as "email": Email,
        /// `member` if absent; at most the caller's own.
        role as "role": Option<Role>,
    }
}

body! {
    /// What the link of an invitation holds.
    pub struct AcceptanceIn {
        token as "token": Text<1, 200>,
    }
}

/// An invitation.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct InvitationOut {
    id: String,
    org_id: OrgId,
    email: String,
    role: Role,
    status: InvitationStatus,
    /// `users.id` of who invited.
    invited_by: String,
    created_at: StoredTime,
    expires_at: StoredTime,
    accepted_at: Option<StoredTime>,
    revoked_at: Option<StoredTime>,
}

impl InvitationOut {
    fn of(row: InvitationRow, now: Timestamp) -> Self {
        let in_time = row.expires_at.as_str() > now.to_string().as_str();
        let status = match row.status {
            InvitationStatus::Open if !in_time => InvitationStatus::Expired,
            status => status,
        };
        Self {
            id: row.id,
            org_id: row.org_id,
            email: row.email,
            role: row.role,
            status,
            invited_by: row.invited_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
            accepted_at: row.accepted_at,
            revoked_at: row.revoked_at,
        }
    }
}

/// A page of invitations.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct InvitationsOut {
    invitations: Vec<InvitationOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A new invitation. Where Clerk sends no e-mail, the link; without an address of the portal, which an e-mail
/// would need to lead there, the token. Shown this once, for the caller to pass on.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct InvitedOut {
    invitation: InvitationOut,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// What became of it.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct InvitationRevokedOut {
    revoked: bool,
}

/// The new membership.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct InvitationAcceptedOut {
    membership: MemberOut,
}

/// `GET /portal/invitations`: newest first; for staff without an org, of all orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/invitations", tag = "People",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 200; 50 if absent"),
           ("cursor" = Option<String>, Query),
           ("status" = Option<InvitationStatus>, Query)),
    responses((status = 200, body = InvitationsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_invitations(
    access: Access<Administer>,
    query: Query,
) -> Result<Json<InvitationsOut>> {
    let page = query.page(50, 200)?;
    let status = query.one_of("status", InvitationStatus::ALL, InvitationStatus::parse)?;
    let now = access.op.now();
    let statement = store::invitations(access.scope(), &page, status, now);
    let (_tenant, [rows]) = access.read([statement]).await?;
    let (rows, next_cursor) = page.cut(rows.all()?, InvitationRow::key);
    let invitations = rows.into_iter().map(|row| InvitationOut::of(row, now)).collect();
    Ok(Json(InvitationsOut { invitations, next_cursor }))
}

/// `POST /portal/invitations`: invites an address to the org for seven days. With a key for Clerk's API,
/// Clerk sends the e-mail, and what cannot be sent is revoked again.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/invitations", tag = "People",
    params(("orgId" = Option<String>, Query)), request_body = InvitationIn,
    responses((status = 201, body = InvitedOut), (status = 502, description = "Clerk did not send the e-mail; nobody is invited", body = crate::openapi::Problem, content_type = "application/problem+json"),
              crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn create_invitation(
    access: Access<Administer>,
    Read(body): Read<InvitationIn>,
) -> Result<(StatusCode, Json<InvitedOut>)> {
    let role = body.role.unwrap_or(Role::Member);
    let (grant, []) = access.grant([]).await?;
    may_give(&grant, role)?;
    let now = grant.op().now();
    let (id, token) = (new_id(now)?, token::new()?);
    let email = body.email.as_str();
    let token_hash = token::hash(&token);
    let new = NewInvitation { id: &id, email, role, token_hash: &token_hash, now };
    let entry = Entry {
        event: "invitation.created",
        target_type: "invitation",
        target_id: &id,
        metadata: json!({ "role": role }),
    };
    let rows = grant
        .write(vec![
            store::invitation_insert(&grant, &new),
            grant.audit(&entry)?,
            store::invitation_obstacle(&grant, email, now),
        ])
        .await?;
    if rows.first().map_or(Ok(0), crate::db::Rows::count)? == 0 {
        let obstacle = rows.last().map(crate::db::Rows::one::<Obstacle>).transpose()?;
        return Err(obstacle.map_or_else(|| Error::internal("no third result"), Error::from));
    }
    let link = grant.op().app.config.portal_url.as_ref();
    let link = link.map(|portal| format!("{portal}/portal/accept-invitation?token={token}"));
    let sent = send(&grant, &new, link.as_deref()).await?;
    let token = link.is_none().then_some(token);
    let invitation = InvitationOut {
        org_id: grant.org.clone(),
        email: email.to_owned(),
        role,
        status: InvitationStatus::Open,
        invited_by: grant.actor.caller.user.id.clone(),
        created_at: now.to_string().into(),
        expires_at: store::expiry(now).to_string().into(),
        accepted_at: None,
        revoked_at: None,
        id,
    };
    let link = link.filter(|_| !sent);
    Ok((StatusCode::CREATED, Json(InvitedOut { invitation, link, token })))
}

/// Lets Clerk send the e-mail, if there is a key for its API; tells whether it did.
async fn send(grant: &Grant, new: &NewInvitation<'_>, link: Option<&str>) -> Result<bool> {
    let op = grant.op();
    let Some(clerk) = Clerk::of(op) else { return Ok(false) };
    let invite = Invite {
        email: new.email,
        redirect_url: link,
        invitation: new.id,
        expires_in_days: store::OPEN_FOR_DAYS,
    };
    match clerk.invite(&invite).await {
        Ok(clerk_id) => {
            if let Some(clerk_id) = clerk_id {
                let (op, noted) = (op.clone(), store::invitation_sent(grant, new.id, &clerk_id));
                op.clone().background.spawn(Box::pin(async move {
                    // Without it, revoking leaves the link in the e-mail, which then opens nothing.
                    let _lost = op.write(vec![noted]).await;
                }));
            }
            Ok(true)
        }
        Err(reason) => {
            clerk_failed(op, "invite", &reason);
            let entry = Entry {
                event: "invitation.revoked",
                target_type: "invitation",
                target_id: new.id,
                metadata: json!({ "reason": "not_sent", "role": new.role }),
            };
            let revoke = store::invitation_revoke(grant, new.id);
            grant.write(vec![revoke, grant.audit(&entry)?]).await?;
            Err(Error::new(Kind::BadGateway, "invitation_not_sent", "Invitation could not be sent")
                .hint("Nobody was invited; try again in a few minutes.")
                .context(reason))
        }
    }
}

/// `DELETE /portal/invitations/{id}`: takes an open invitation back; its link opens nothing from then on.
/// Only owners and staff take back what makes an owner.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(delete, path = "/portal/invitations/{id}", tag = "People",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, body = InvitationRevokedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn revoke_invitation(
    access: Access<Administer>,
    Path(id): Path<String>,
) -> Result<Json<InvitationRevokedOut>> {
    let target = store::invitation(access.scope(), &id);
    let not_found = || Error::not_found("invitation_not_found", "Invitation not found");
    let (grant, target, []) =
        access.grant_for::<InvitationTarget, 0>(target, not_found, []).await?;
    may_give(&grant, target.role)?;
    let entry = Entry {
        event: "invitation.revoked",
        target_type: "invitation",
        target_id: &target.id,
        metadata: json!({ "role": target.role }),
    };
    let revoke = store::invitation_revoke(&grant, &target.id);
    let rows = grant.write(vec![revoke, grant.audit(&entry)?]).await?;
    if rows.first().map_or(Ok(0), crate::db::Rows::count)? == 0 {
        return Err(Error::conflict("invitation_closed", "Invitation is no longer open")
            .hint("It was accepted or revoked before."));
    }
    if let Some(clerk_id) = target.clerk_invitation_id {
        let op = grant.op().clone();
        op.clone().background.spawn(Box::pin(async move {
            if let Some(clerk) = Clerk::of(&op)
                && let Err(reason) = clerk.revoke_invitation(&clerk_id).await
            {
                clerk_failed(&op, "revoke_invitation", &reason);
            }
        }));
    }
    Ok(Json(InvitationRevokedOut { revoked: true }))
}

/// `POST /portal/invitations/accept`: makes the signed-in person a member by the token of an invitation's
/// link, once.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/invitations/accept", tag = "People",
    request_body = AcceptanceIn,
    responses((status = 200, body = InvitationAcceptedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn accept_invitation(
    signed_in: SignedIn,
    Read(body): Read<AcceptanceIn>,
) -> Result<Json<InvitationAcceptedOut>> {
    let hash = token::hash(body.token.as_str());
    let statement = store::invitation_by_token(signed_in.scope(), &hash);
    let (caller, [found]) = signed_in.read([statement]).await?;
    signed_in.in_person()?;
    let found: TokenRow = found
        .first()?
        .ok_or_else(|| Error::not_found("invitation_not_found", "Invitation not found"))?;
    let op = &signed_in.op;
    found.refuse(op.now())?;
    op.request.set_org(&found.org_id);
    let mut statements = Vec::new();
    if caller.is_none() {
        statements.extend(signed_in.first_row(None)?);
    }
    let accepted_at = statements.len() + 1;
    statements.extend(acceptance(op, signed_in.user(), &Invited::ByToken(&hash))?);
    let rows = op.write(statements).await?;
    if rows.get(accepted_at).map_or(Ok(0), crate::db::Rows::count)? == 0 {
        return Err(Error::conflict("conflict", "Invitation is no longer open")
            .hint("Something changed in this moment; try again to see what."));
    }
    Ok(Json(InvitationAcceptedOut {
        membership: MemberOut {
            id: found.id,
            clerk_user_id: signed_in.user().clone(),
            org_id: found.org_id,
            org_name: found.org_name,
            role: found.role,
        },
    }))
}
