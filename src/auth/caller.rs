//! The caller: the person's row, memberships, and the org that the request is about.
//!
//! `sql/scope.sql` decides which org that is; this module reads its answer and, where there is none,
//! says why.

use super::policy::{Role, STAFF_ROLE};
use crate::db::Rows;
use crate::error::{Error, Kind, Result};
use crate::ids::{ClerkUserId, OrgId};
use crate::time::{StoredTime, Timestamp};
use crate::{choice, row};

/// Which org a request names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrgChoice {
    /// `?orgId=`.
    pub org: Option<OrgId>,
    /// `?scope=all`: staff ask for all orgs although they are members of one.
    pub all: bool,
}

choice! {
    /// `users.status`.
    pub enum UserStatus {
        /// May use the portal.
        Active = "active",
        /// Switched off.
        Inactive = "inactive",
        /// Locked out.
        Suspended = "suspended",
    }
}

/// The person's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// `users.id`.
    pub id: String,
    /// Clerk's id.
    pub clerk_user_id: ClerkUserId,
    /// Unverified, for display.
    pub email: Option<String>,
    /// For display.
    pub name: Option<String>,
    /// For display.
    pub avatar_url: Option<String>,
    /// Sees all clients.
    pub is_staff: bool,
    /// Whether the person may use the portal.
    pub status: UserStatus,
    /// Noted at most hourly.
    pub last_login_at: Option<StoredTime>,
    /// First sign-in.
    pub created_at: StoredTime,
    /// Tokens issued before are refused.
    pub sessions_revoked_at: Option<StoredTime>,
}

/// A membership with what the portal shows of its org.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// `user_memberships.id`.
    pub id: String,
    /// The org.
    pub org_id: OrgId,
    /// Its name.
    pub org_name: String,
    /// Its slug.
    pub org_slug: Option<String>,
    /// Its status: `active`, `inactive`, `at_risk` or `churned`.
    pub org_status: String,
    /// Its plan.
    pub org_plan: String,
    /// `orgs.billing_standing`: whether what it has is paid.
    pub org_standing: String,
    /// The person's role in it.
    pub role: Role,
    /// Since when.
    pub created_at: StoredTime,
    /// Tokens issued before are refused in this org.
    pub org_sessions_revoked_at: Option<StoredTime>,
}

/// The org that the request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActiveOrg {
    /// One org, and the caller's role in it.
    One(OrgId, Role),
    /// All orgs: staff only.
    All,
    /// None, and why.
    None(NoOrg),
}

/// Why a request is about no org.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoOrg {
    /// Suspended or switched off.
    UserNotActive,
    /// The org asked for, or each one the person belongs to, is inactive or churned.
    OrgNotActive,
    /// The caller does not belong to the org asked for.
    Foreign,
    /// Staff asked for an org that does not exist.
    Unknown,
    /// The person belongs to no org.
    NoMembership,
}

/// A person known to `DB`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The person.
    pub user: User,
    /// Oldest first.
    pub memberships: Vec<Membership>,
    /// The org that the request is about.
    pub active: ActiveOrg,
    /// Whether Clerk said that the token's session has ended.
    is_session_ended: bool,
}

row! {
    #[derive(Debug)]
    struct CallerRow {
        user_id: String,
        clerk_user_id: ClerkUserId,
        email: Option<String>,
        name: Option<String>,
        avatar_url: Option<String>,
        is_koby_staff: bool,
        user_status: Option<UserStatus>,
        last_login_at: Option<StoredTime>,
        user_created_at: Option<StoredTime>,
        user_revoked_at: Option<StoredTime>,
        membership_id: Option<String>,
        org_id: Option<OrgId>,
        role: Option<Role>,
        member_since: Option<StoredTime>,
        org_name: Option<String>,
        org_slug: Option<String>,
        org_status: Option<String>,
        org_plan: Option<String>,
        org_standing: Option<String>,
        org_revoked_at: Option<StoredTime>,
        scope_org_id: Option<String>,
        is_session_ended: bool,
    }
}

impl Caller {
    /// Reads the result of `caller.sql`; nothing when the person has no row.
    pub fn from_rows(rows: &Rows, choice: &OrgChoice) -> Result<Option<Self>> {
        let rows: Vec<CallerRow> = rows.all()?;
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let user = user(first);
        let scope = first.scope_org_id.clone();
        let is_session_ended = first.is_session_ended;
        let memberships: Vec<Membership> = rows.into_iter().filter_map(membership).collect();
        let active = active_org(&user, &memberships, scope, choice);
        Ok(Some(Self { user, memberships, active, is_session_ended }))
    }

    /// The caller's role in an org that a statement let them see: as a member, or as staff.
    pub fn role_in(&self, org: &OrgId) -> Option<Role> {
        let member = self
            .membership(org)
            .filter(|membership| matches!(membership.org_status.as_str(), "active" | "at_risk"));
        let member = member.map(|membership| membership.role);
        let staff = self.user.is_staff.then_some(STAFF_ROLE);
        member.max(staff)
    }

    /// Whether a payment of the org's has failed for so long that its members may look and not change. Staff may.
    pub fn is_read_only(&self, org: &OrgId) -> bool {
        let is_unpaid = |membership: &Membership| membership.org_standing == "read_only";
        !self.user.is_staff && self.membership(org).is_some_and(is_unpaid)
    }

    fn membership(&self, org: &OrgId) -> Option<&Membership> {
        self.memberships.iter().find(|membership| membership.org_id == *org)
    }

    /// Refuses a token whose session has ended, or that was issued before the person's sessions, or those of the
    /// org, were ended.
    pub fn refuse_ended(&self, issued_at: Timestamp) -> Result<()> {
        if self.is_session_ended {
            return Err(session_ended());
        }
        refuse_before(self.user.sessions_revoked_at.as_ref(), issued_at)?;
        match &self.active {
            ActiveOrg::One(org, _) => self.refuse_revoked_in(org, issued_at),
            ActiveOrg::All | ActiveOrg::None(_) => Ok(()),
        }
    }

    /// Refuses a token that was issued before the org's sessions were ended.
    pub fn refuse_revoked_in(&self, org: &OrgId, issued_at: Timestamp) -> Result<()> {
        let membership = self.membership(org);
        refuse_before(membership.and_then(|of| of.org_sessions_revoked_at.as_ref()), issued_at)
    }
}

fn refuse_before(ended: Option<&StoredTime>, issued_at: Timestamp) -> Result<()> {
    if ended.is_some_and(|ended| issued_at.to_string().as_str() < ended.as_str()) {
        return Err(session_ended());
    }
    Ok(())
}

/// The refusal of a token whose session is over.
#[track_caller]
pub(super) fn session_ended() -> Error {
    Error::new(Kind::Unauthenticated, "session_revoked", "Unauthorized")
        .hint("This session was ended; sign in again.")
}

fn user(row: &CallerRow) -> User {
    User {
        id: row.user_id.clone(),
        clerk_user_id: row.clerk_user_id.clone(),
        email: row.email.clone(),
        name: row.name.clone(),
        avatar_url: row.avatar_url.clone(),
        is_staff: row.is_koby_staff,
        // A column without a value is not a permission.
        status: row.user_status.unwrap_or(UserStatus::Inactive),
        last_login_at: row.last_login_at.clone(),
        created_at: row.user_created_at.clone().unwrap_or_else(|| String::new().into()),
        sessions_revoked_at: row.user_revoked_at.clone(),
    }
}

fn membership(row: CallerRow) -> Option<Membership> {
    Some(Membership {
        id: row.membership_id?,
        org_id: row.org_id?,
        org_name: row.org_name?,
        org_slug: row.org_slug,
        org_status: row.org_status.unwrap_or_else(|| "inactive".to_owned()),
        org_plan: row.org_plan.unwrap_or_else(|| "chatbot".to_owned()),
        org_standing: row.org_standing.unwrap_or_default(),
        role: row.role.unwrap_or(Role::Viewer),
        created_at: row.member_since.unwrap_or_else(|| String::new().into()),
        org_sessions_revoked_at: row.org_revoked_at,
    })
}

fn active_org(
    user: &User,
    memberships: &[Membership],
    scope: Option<String>,
    choice: &OrgChoice,
) -> ActiveOrg {
    if user.status != UserStatus::Active {
        return ActiveOrg::None(NoOrg::UserNotActive);
    }
    let member_of = |id: &OrgId| memberships.iter().find(|membership| membership.org_id == *id);
    match (scope, &choice.org) {
        (Some(all), _) if all == "*" => ActiveOrg::All,
        (Some(id), _) => {
            let id = OrgId::from(id);
            let member = member_of(&id).map(|membership| membership.role);
            let staff = user.is_staff.then_some(STAFF_ROLE);
            // A membership beyond those that are listed gives no role.
            match member.max(staff) {
                Some(role) => ActiveOrg::One(id, role),
                None => ActiveOrg::None(NoOrg::Foreign),
            }
        }
        (None, Some(asked)) if member_of(asked).is_some() => ActiveOrg::None(NoOrg::OrgNotActive),
        (None, Some(_)) if user.is_staff => ActiveOrg::None(NoOrg::Unknown),
        (None, Some(_)) => ActiveOrg::None(NoOrg::Foreign),
        (None, None) if choice.all => ActiveOrg::None(NoOrg::Foreign),
        (None, None) if memberships.is_empty() => ActiveOrg::None(NoOrg::NoMembership),
        (None, None) => ActiveOrg::None(NoOrg::OrgNotActive),
    }
}

impl From<NoOrg> for Error {
    #[track_caller]
    fn from(reason: NoOrg) -> Self {
        match reason {
            NoOrg::UserNotActive => Self::forbidden("user_not_active", "Account is not active")
                .hint("This account is suspended or switched off; ask an administrator of your organization."),
            NoOrg::OrgNotActive => Self::forbidden("org_not_active", "Organization is not active")
                .hint("This organization is inactive; contact Koby support."),
            NoOrg::Foreign => Self::forbidden("org_forbidden", "Forbidden")
                .hint("You are not a member of the organization in ?orgId=."),
            NoOrg::Unknown => Self::not_found("org_not_found", "Organization not found"),
            NoOrg::NoMembership => Self::bad_request("org_required", "Organization required")
                .hint("You belong to no organization yet; ask for an invitation."),
        }
    }
}
