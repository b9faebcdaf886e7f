//! The orgs' statements and rows.

use serde::Serialize;

use super::{OrgStatus, Plan, Slug};
use crate::auth::permission::{Grant, Scope, Scoped};
use crate::db::{Param, Statement};
use crate::ids::OrgId;
use crate::page::Page;
use crate::time::{StoredTime, Timestamp};
use crate::{row, scoped_sql, sql, statement};

const ORGS_OF_CALLER: &str = sql!("sql/orgs_of_caller.sql");
const ORGS_ALL: &str = sql!("sql/orgs_all.sql");
const ORG: &str = scoped_sql!("sql/org.sql");
const ORG_INSERT: &str = sql!("sql/org_insert.sql");
const ORG_SLUG: &str = sql!("sql/org_slug.sql");
const ORG_UPDATE: &str = sql!("sql/org_update.sql");
const ORG_CLOSE: &str = sql!("sql/org_close.sql");
const ORG_CAP_UPDATE: &str = sql!("sql/org_cap_update.sql");
const ORG_SESSIONS_REVOKE: &str = sql!("sql/org_sessions_revoke.sql");

row! {
    /// An org in a list.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct ListedOrgOut {
        id: OrgId,
        name: String,
        slug: Option<String>,
        status: OrgStatus,
        plan: Plan,
        member_count: i64,
        site_count: i64,
        created_at: StoredTime,
    }
}

impl ListedOrgOut {
    pub(super) fn key(&self) -> [String; 2] {
        [self.created_at.stored(), self.id.to_string()]
    }
}

/// The orgs that the caller belongs to; for staff nothing.
pub(super) fn orgs_of_caller(scope: &Scope, page: &Page<2>) -> Scoped {
    scope.statement(ORGS_OF_CALLER, page.descending())
}

/// All orgs, for staff; for others nothing.
pub(super) fn orgs_all(scope: &Scope, page: &Page<2>) -> Scoped {
    scope.statement(ORGS_ALL, page.descending())
}

row! {
    /// The org of the request.
    #[derive(Debug, Clone)]
    pub(super) struct OrgRow {
        pub(super) id: OrgId,
        pub(super) name: String,
        pub(super) slug: Option<String>,
        pub(super) status: OrgStatus,
        pub(super) plan: Plan,
        pub(super) max_members: i64,
        /// The cap, or less where the plan has less.
        pub(super) seats: i64,
        pub(super) member_count: i64,
        pub(super) open_invitations: i64,
    }
}

pub(super) fn org(scope: &Scope, now: Timestamp) -> Scoped {
    scope.statement(ORG, [now.into()])
}

/// A new org.
#[derive(Debug)]
pub(super) struct NewOrg<'a> {
    pub(super) id: &'a OrgId,
    pub(super) name: &'a str,
    pub(super) slug: &'a Slug,
    /// What to take when the slug is taken; without it, the org is not made then.
    pub(super) other_slug: Option<&'a str>,
    pub(super) status: OrgStatus,
    pub(super) plan: Plan,
}

pub(super) fn org_insert(new: &NewOrg<'_>, now: Timestamp) -> Statement {
    statement!(
        ORG_INSERT,
        new.id,
        new.name,
        new.slug.as_str(),
        new.other_slug,
        new.status,
        new.plan,
        now,
    )
}

pub(super) fn org_slug(id: &OrgId) -> Statement {
    statement!(ORG_SLUG, id)
}

/// Changes an org from one state to another; nothing if it is in neither.
pub(super) fn org_update(grant: &Grant, old: &OrgRow, new: &OrgRow) -> Statement {
    let state = |org: &OrgRow| {
        [
            Param::from(org.name.as_str()),
            org.slug.as_deref().into(),
            org.status.into(),
            org.plan.into(),
        ]
    };
    let now = [Param::from(grant.op().now())];
    grant.statement(ORG_UPDATE, now.into_iter().chain(state(new)).chain(state(old)))
}

pub(super) fn org_close(grant: &Grant) -> Statement {
    grant.statement(ORG_CLOSE, [grant.op().now().into()])
}

pub(super) fn org_cap_update(org: &OrgRow, max_members: i64, now: Timestamp) -> Statement {
    statement!(ORG_CAP_UPDATE, &org.id, max_members, org.max_members, now)
}

pub(super) fn org_sessions_revoke(grant: &Grant, now: Timestamp) -> Statement {
    grant.statement(ORG_SESSIONS_REVOKE, [now.into()])
}
