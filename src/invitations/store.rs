//! The invitations' statements and rows.

use std::time::Duration;

use super::InvitationStatus;
use crate::auth::caller::NoOrg;
use crate::auth::permission::{Grant, ListSql, Scope, Scoped};
use crate::auth::policy::Role;
use crate::db::Statement;
use crate::error::{Error, Result};
use crate::ids::OrgId;
use crate::members::already_member;
use crate::page::{LAST, Page};
use crate::time::{StoredTime, Timestamp};
use crate::{list_sql, row, sql};

const INVITATIONS: ListSql = list_sql!("sql/invitations.sql");
const INVITATIONS_BY_STATUS: ListSql = list_sql!("sql/invitations_by_status.sql");
const INVITATION: &str = sql!("sql/invitation.sql");
const INVITATION_BY_TOKEN: &str = sql!("sql/invitation_by_token.sql");
const INVITATION_INSERT: &str = sql!("sql/invitation_insert.sql");
const INVITATION_OBSTACLE: &str = sql!("sql/invitation_obstacle.sql");
const INVITATION_REVOKE: &str = sql!("sql/invitation_revoke.sql");
const INVITATION_SENT: &str = sql!("sql/invitation_sent.sql");

/// Days that an invitation stays open. Every invitation's: the list by status counts on it.
pub(super) const OPEN_FOR_DAYS: u64 = 7;

const OPEN_FOR: Duration = Duration::from_hours(24 * OPEN_FOR_DAYS);

/// When an invitation that is made now ends.
pub(super) fn expiry(now: Timestamp) -> Timestamp {
    now.plus(OPEN_FOR)
}

row! {
    /// An invitation in a list.
    #[derive(Debug)]
    pub(super) struct InvitationRow {
        pub(super) id: String,
        pub(super) org_id: OrgId,
        pub(super) email: String,
        pub(super) role: Role,
        pub(super) status: InvitationStatus,
        pub(super) invited_by: String,
        pub(super) created_at: StoredTime,
        pub(super) expires_at: StoredTime,
        pub(super) accepted_at: Option<StoredTime>,
        pub(super) revoked_at: Option<StoredTime>,
    }
}

impl InvitationRow {
    pub(super) fn key(&self) -> [String; 2] {
        [self.created_at.stored(), self.id.clone()]
    }
}

row! {
    /// An invitation to be revoked.
    #[derive(Debug)]
    pub(super) struct InvitationTarget {
        pub(super) id: String,
        pub(super) role: Role,
        pub(super) clerk_invitation_id: Option<String>,
    }
}

row! {
    /// The invitation of a token.
    #[derive(Debug)]
    pub(super) struct TokenRow {
        pub(super) id: String,
        pub(super) org_id: OrgId,
        pub(super) org_name: String,
        pub(super) role: Role,
        pub(super) status: InvitationStatus,
        pub(super) expires_at: StoredTime,
        pub(super) is_org_active: bool,
        pub(super) has_seat: bool,
        pub(super) is_member: bool,
    }
}

impl TokenRow {
    /// Why the caller cannot accept it now.
    pub(super) fn refuse(&self, now: Timestamp) -> Result<()> {
        let ended = |code, hint: &'static str| {
            Err(Error::conflict(code, "Invitation is no longer open").hint(hint))
        };
        match self.status {
            InvitationStatus::Accepted => {
                ended("invitation_used", "This link was used; ask for a new invitation.")
            }
            InvitationStatus::Revoked => {
                ended("invitation_revoked", "It was taken back; ask for a new invitation.")
            }
            InvitationStatus::Open if self.expires_at.as_str() > now.to_string().as_str() => {
                if !self.is_org_active {
                    Err(NoOrg::OrgNotActive.into())
                } else if self.is_member {
                    Err(already_member())
                } else if self.has_seat {
                    Ok(())
                } else {
                    Err(crate::orgs::cap_reached())
                }
            }
            InvitationStatus::Open | InvitationStatus::Expired => {
                ended("invitation_expired", "It is too old; ask for a new invitation.")
            }
        }
    }
}

row! {
    /// What stood against an invitation.
    #[derive(Debug)]
    pub(super) struct Obstacle {
        is_invited: bool,
        is_member: bool,
    }
}

impl From<Obstacle> for Error {
    #[track_caller]
    fn from(obstacle: Obstacle) -> Self {
        if obstacle.is_member {
            already_member()
        } else if obstacle.is_invited {
            Self::conflict("already_invited", "This address is already invited")
                .hint("Revoke the open invitation to send another.")
        } else {
            crate::orgs::cap_reached()
        }
    }
}

pub(super) fn invitations(
    scope: &Scope,
    page: &Page<2>,
    status: Option<InvitationStatus>,
    now: Timestamp,
) -> Scoped {
    let Some(status) = status else { return scope.list(INVITATIONS, page.descending()) };
    let newest_expired = now.minus(OPEN_FOR);
    let (stored, after, before) = match status {
        InvitationStatus::Open => (status, newest_expired.into(), LAST.into()),
        InvitationStatus::Expired => {
            let oldest_open = newest_expired.plus(Duration::from_millis(1));
            (InvitationStatus::Open, "".into(), oldest_open.into())
        }
        InvitationStatus::Accepted | InvitationStatus::Revoked => (status, "".into(), LAST.into()),
    };
    let mut params = page.descending_before(&before);
    params.extend([stored.into(), after]);
    scope.list(INVITATIONS_BY_STATUS, params)
}

pub(super) fn invitation(scope: &Scope, id: &str) -> Scoped {
    scope.statement(INVITATION, [id.into()])
}

pub(super) fn invitation_by_token(scope: &Scope, hash: &str) -> Scoped {
    scope.statement(INVITATION_BY_TOKEN, [hash.into()])
}

/// A new invitation.
#[derive(Debug)]
pub(super) struct NewInvitation<'a> {
    pub(super) id: &'a str,
    pub(super) email: &'a str,
    pub(super) role: Role,
    pub(super) token_hash: &'a str,
    pub(super) now: Timestamp,
}

pub(super) fn invitation_insert(grant: &Grant, new: &NewInvitation<'_>) -> Statement {
    let caller = &grant.actor.caller.user;
    grant.statement(
        INVITATION_INSERT,
        [
            new.id.into(),
            new.email.into(),
            new.role.into(),
            new.token_hash.into(),
            caller.id.as_str().into(),
            new.now.into(),
            expiry(new.now).into(),
            caller.is_staff.into(),
        ],
    )
}

pub(super) fn invitation_obstacle(grant: &Grant, email: &str, now: Timestamp) -> Statement {
    grant.statement(INVITATION_OBSTACLE, [email.into(), now.into()])
}

pub(super) fn invitation_revoke(grant: &Grant, id: &str) -> Statement {
    grant.statement(INVITATION_REVOKE, [id.into(), grant.op().now().into()])
}

pub(super) fn invitation_sent(grant: &Grant, id: &str, clerk_id: &str) -> Statement {
    grant.statement(INVITATION_SENT, [id.into(), clerk_id.into()])
}
