//! The statements and rows of people and memberships.

use serde::Serialize;

use crate::auth::caller::UserStatus;
use crate::auth::permission::{Grant, Scope, Scoped};
use crate::auth::policy::Role;
use crate::db::{Param, Statement};
use crate::ids::{ClerkUserId, OrgId};
use crate::page::{LAST, Page};
use crate::time::{StoredTime, Timestamp};
use crate::{row, scoped_sql, sql, statement};

const MEMBERS: &str = scoped_sql!("sql/members.sql");
const ORG_NAME: &str = scoped_sql!("sql/org_name.sql");
const MEMBERSHIP: &str = sql!("sql/membership.sql");
const MEMBERSHIP_OF: &str = sql!("sql/membership_of.sql");
const MEMBERSHIP_INSERT: &str = sql!("sql/membership_insert.sql");
const MEMBERSHIP_UPDATE: &str = sql!("sql/membership_update.sql");
const MEMBERSHIP_DELETE: &str = sql!("sql/membership_delete.sql");
const USERS: &str = sql!("sql/users.sql");
const USERS_BY_EMAIL: &str = sql!("sql/users_by_email.sql");
const USERS_TOTAL: &str = scoped_sql!("sql/users_total.sql");
const USER: &str = sql!("sql/user.sql");
const USER_UPDATE: &str = sql!("sql/user_update.sql");
const USER_IN_REACH: &str = sql!("sql/user_in_reach.sql");
const USER_SESSIONS_REVOKE: &str = sql!("sql/user_sessions_revoke.sql");

row! {
    /// A member of an org.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct OrgMemberOut {
        /// Of the membership.
        pub(super) id: String,
        /// Of the person; null until they sign in for the first time, like all that is known of them.
        pub(super) user_id: Option<String>,
        pub(super) clerk_user_id: ClerkUserId,
        pub(super) name: Option<String>,
        pub(super) email: Option<String>,
        pub(super) avatar_url: Option<String>,
        pub(super) role: Role,
        /// Of the person.
        pub(super) status: Option<UserStatus>,
        /// Noted at most hourly.
        pub(super) last_active: Option<StoredTime>,
        pub(super) created_at: StoredTime,
    }
}

impl OrgMemberOut {
    pub(super) fn key(&self) -> [String; 2] {
        [self.created_at.stored(), self.id.clone()]
    }
}

pub(super) fn members(scope: &Scope, page: &Page<2>) -> Scoped {
    scope.statement(MEMBERS, page.ascending())
}

row! {
    /// The org that someone is added to.
    #[derive(Debug)]
    pub(super) struct OrgNameRow {
        pub(super) name: String,
    }
}

pub(super) fn org_name(scope: &Scope) -> Scoped {
    scope.statement(ORG_NAME, [])
}

row! {
    /// A membership to be changed.
    #[derive(Debug)]
    pub(super) struct MembershipRow {
        pub(super) id: String,
        pub(super) clerk_user_id: ClerkUserId,
        pub(super) org_name: String,
        pub(super) role: Role,
    }
}

pub(super) fn membership(scope: &Scope, id: &str) -> Scoped {
    scope.statement(MEMBERSHIP, [id.into()])
}

/// A new membership.
#[derive(Debug)]
pub(super) struct NewMembership<'a> {
    pub(super) id: &'a str,
    pub(super) clerk_user_id: &'a str,
    pub(super) role: Role,
}

pub(super) fn membership_insert(grant: &Grant, new: &NewMembership<'_>) -> Statement {
    grant.statement(
        MEMBERSHIP_INSERT,
        [
            new.id.into(),
            new.clerk_user_id.into(),
            new.role.into(),
            grant.op().now().into(),
            grant.actor.caller.user.is_staff.into(),
        ],
    )
}

pub(super) fn membership_of(grant: &Grant, clerk_user_id: &str) -> Statement {
    grant.statement(MEMBERSHIP_OF, [clerk_user_id.into()])
}

pub(super) fn membership_update(grant: &Grant, row: &MembershipRow, role: Role) -> Statement {
    let now = grant.op().now();
    grant.statement(
        MEMBERSHIP_UPDATE,
        [row.id.as_str().into(), row.role.into(), role.into(), now.into()],
    )
}

pub(super) fn membership_delete(grant: &Grant, row: &MembershipRow) -> Statement {
    grant.statement(MEMBERSHIP_DELETE, [row.id.as_str().into(), row.role.into()])
}

row! {
    /// A person, as staff see everybody.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct ListedUserOut {
        id: String,
        clerk_user_id: ClerkUserId,
        /// Not verified.
        email: Option<String>,
        name: Option<String>,
        avatar_url: Option<String>,
        is_koby_staff: bool,
        status: UserStatus,
        org_count: i64,
        last_login_at: Option<StoredTime>,
        created_at: StoredTime,
    }
}

impl ListedUserOut {
    pub(super) fn key(&self) -> [String; 2] {
        [self.created_at.stored(), self.id.clone()]
    }

    pub(super) fn email_key(&self) -> [String; 2] {
        [self.email.as_deref().unwrap_or_default().to_ascii_lowercase(), self.id.clone()]
    }
}

pub(super) fn users(scope: &Scope, page: &Page<2>, offset: u32) -> Scoped {
    let mut params = page.descending();
    params.push(offset.into());
    scope.statement(USERS, params)
}

pub(super) fn users_by_email(scope: &Scope, page: &Page<2>, prefix: &str, offset: u32) -> Scoped {
    let mut params = page.ascending();
    if let Some(first) = params.first_mut()
        && *first == Param::from("")
    {
        *first = prefix.into();
    }
    params.extend([offset.into(), format!("{prefix}{LAST}").into()]);
    scope.statement(USERS_BY_EMAIL, params)
}

pub(super) fn users_total(scope: &Scope) -> Scoped {
    scope.statement(USERS_TOTAL, [])
}

row! {
    /// What staff change of a person.
    #[derive(Debug, Clone)]
    pub(super) struct UserRow {
        pub(super) id: String,
        pub(super) clerk_user_id: ClerkUserId,
        pub(super) email: Option<String>,
        pub(super) name: Option<String>,
        pub(super) is_koby_staff: bool,
        pub(super) status: UserStatus,
        pub(super) updated_at: StoredTime,
    }
}

pub(super) fn user(scope: &Scope, id: &str) -> Scoped {
    scope.statement(USER, [id.into()])
}

/// Changes a person from one state to another; nothing if they are in neither.
pub(super) fn user_update(old: &UserRow, new: &UserRow, now: Timestamp) -> Statement {
    statement!(
        USER_UPDATE,
        new.id.as_str(),
        new.email.as_deref(),
        new.name.as_deref(),
        new.is_koby_staff,
        new.status,
        now,
        old.email.as_deref(),
        old.name.as_deref(),
        old.is_koby_staff,
        old.status,
    )
}

row! {
    /// A person whose sessions are to be ended, and what the caller has to do with them.
    #[derive(Debug)]
    pub(super) struct UserInReachRow {
        pub(super) id: String,
        pub(super) clerk_user_id: ClerkUserId,
        pub(super) is_koby_staff: bool,
        /// An org of both.
        pub(super) shared_org_id: Option<OrgId>,
        /// One that the caller administers.
        pub(super) administered_org_id: Option<OrgId>,
        /// Whether the person also belongs to one that the caller does not administer.
        pub(super) is_elsewhere: bool,
    }
}

pub(super) fn user_in_reach(scope: &Scope, id: &str) -> Scoped {
    scope.statement(USER_IN_REACH, [id.into()])
}

pub(super) fn user_sessions_revoke(id: &str, now: Timestamp) -> Statement {
    statement!(USER_SESSIONS_REVOKE, id, now)
}
