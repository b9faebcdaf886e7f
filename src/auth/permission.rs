//! The proof that a request may touch an org.
//!
//! A handler's signature states what it needs (`Access<Read>`, `SignedIn`). Its statements travel with
//! the one that reads the caller, in one batch; each is scoped in SQL by the same rule, and their rows
//! are handed out only after the caller was judged.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::caller::{ActiveOrg, Caller, NoOrg};
use super::policy::{self, Action};
use super::sign_in::{note_login, signed_in};
use crate::app::Op;
use crate::db::{FromRow, Rows};
use crate::error::{Error, Kind, Result};
use crate::ids::OrgId;
use crate::row;

pub use super::grant::{Actor, Grant};
pub use super::scope::{ListSql, Scope, Scoped};
pub use super::sign_in::SignedIn;

/// What a route asks of its caller, as a type for its signature.
pub trait Need: Send + Sync + 'static {
    /// The orgs that the caller may touch so.
    fn judge(caller: &Caller) -> Result<Tenant>;
}

/// Looks at one org; staff also at all.
#[derive(Debug)]
pub struct Read;

impl Need for Read {
    fn judge(caller: &Caller) -> Result<Tenant> {
        tenant_for(caller, Action::Read)
    }
}

/// A need that changes one org.
pub trait Change: Need {
    /// What is done to it.
    const ACTION: Action;
}

macro_rules! change {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl Need for $name {
            fn judge(caller: &Caller) -> Result<Tenant> {
                tenant_for(caller, Self::ACTION)
            }
        }

        impl Change for $name {
            const ACTION: Action = Action::$name;
        }
    };
}

change!(/// Changes content: members and above.
    Write);
change!(/// Changes members, configuration, keys; sees the audit trail: admins and above.
    Administer);
change!(/// Closes the org: owners.
    Own);

/// Ends a membership: their own, for every member; for those of others the handler asks for more.
#[derive(Debug)]
pub struct Leave;

impl Need for Leave {
    fn judge(caller: &Caller) -> Result<Tenant> {
        tenant_for(caller, Self::ACTION)
    }
}

impl Change for Leave {
    const ACTION: Action = Action::Read;
}

/// Staff, of one org or of all.
#[derive(Debug)]
pub struct Staff;

impl Need for Staff {
    fn judge(caller: &Caller) -> Result<Tenant> {
        let tenant = match &caller.active {
            ActiveOrg::None(reason @ (NoOrg::UserNotActive | NoOrg::Unknown)) => {
                return Err((*reason).into());
            }
            ActiveOrg::None(NoOrg::Foreign) if !caller.user.is_staff => {
                return Err(NoOrg::Foreign.into());
            }
            ActiveOrg::One(org, _) => Tenant::Org(org.clone()),
            ActiveOrg::All | ActiveOrg::None(_) => Tenant::All,
        };
        if caller.user.is_staff { Ok(tenant) } else { Err(staff_only()) }
    }
}

/// The refusal of what only staff may do.
#[track_caller]
pub fn staff_only() -> Error {
    Error::forbidden("staff_only", "Staff access required").hint("Only Koby staff may do this.")
}

#[track_caller]
fn read_only() -> Error {
    Error::new(Kind::PaymentRequired, "org_read_only", "Payment required").hint(
        "A payment of this organization failed, and its days of grace are over. Pay by POST /billing/portal-session; \
         until then everything can be read and nothing changed.",
    )
}

/// The orgs that a request was proved to be allowed to touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tenant {
    /// One org.
    Org(OrgId),
    /// All orgs, for staff.
    All,
}

/// A verified session that asks for an org; what it may see is known once [`Access::read`] answers.
pub struct Access<N> {
    /// The operation.
    pub op: Op,
    asked: Asked,
    need: PhantomData<N>,
}

impl<N: Need> Access<N> {
    /// For building the statements of [`Access::read`].
    pub fn scope(&self) -> &Scope {
        &self.asked.scope
    }

    /// The request is about the org in its path. A foreign one there is a 404.
    #[must_use]
    pub fn of_path_org(mut self, org: OrgId) -> Self {
        self.asked.scope.choice.org.get_or_insert_with(|| org.clone());
        self.asked.path_org = Some(org);
        self
    }

    /// The change is allowed while the org is read-only: what pays, what secures, and what the law asks for.
    #[must_use]
    pub fn while_read_only(mut self) -> Self {
        self.asked.while_read_only = true;
        self
    }

    /// The request is about the org in its body, whatever its query names. A foreign one is a 403.
    #[must_use]
    pub fn of_body_org(mut self, org: OrgId) -> Self {
        self.asked.scope.choice.org = Some(org);
        self
    }

    /// Reads the caller and the handler's statements in one round trip; gives the rows only if the
    /// caller may see them.
    pub async fn read<const COUNT: usize>(
        &self,
        statements: [Scoped; COUNT],
    ) -> Result<(Tenant, [Rows; COUNT])> {
        let (_caller, tenant, rows) = self.asked.judged(N::judge, statements.into()).await?;
        Ok((tenant, all_of(rows)?))
    }

    /// Like [`Access::read`], for a route that then changes something that belongs to no org, or to
    /// whichever it names: tells who does it.
    pub async fn read_as_actor<const COUNT: usize>(
        &self,
        statements: [Scoped; COUNT],
    ) -> Result<(Actor, Tenant, [Rows; COUNT])> {
        let (caller, tenant, rows) = self.asked.judged(N::judge, statements.into()).await?;
        Ok((self.asked.actor(caller), tenant, all_of(rows)?))
    }
}

impl<N> Access<N> {
    /// Refuses an actor whose token was issued before the sessions of an org were ended: for a right that
    /// comes from another org than the one of the request.
    pub fn refuse_revoked_in(&self, actor: &Actor, org: &OrgId) -> Result<()> {
        actor.caller.refuse_revoked_in(org, self.asked.scope.session.issued_at)
    }
}

impl<N: Change> Access<N> {
    /// Reads the caller and the handler's statements in one round trip, for a change to the org of the
    /// request.
    pub async fn grant<const COUNT: usize>(
        &self,
        statements: [Scoped; COUNT],
    ) -> Result<(Grant, [Rows; COUNT])> {
        let (caller, tenant, rows) = self.asked.judged(N::judge, statements.into()).await?;
        let Tenant::Org(org) = tenant else {
            return Err(Error::bad_request("org_required", "Organization required")
                .hint("Name the organization with ?orgId=."));
        };
        Ok((self.asked.grant(caller, org, N::ACTION)?, all_of(rows)?))
    }

    /// Like [`Access::grant`], for a change to one row: the org is that row's (its column `org_id`), also
    /// when staff look at all orgs. `target` finds the row if the caller may see it; nothing found is
    /// `not_found`.
    pub async fn grant_for<T: FromRow, const COUNT: usize>(
        &self,
        target: Scoped,
        not_found: fn() -> Error,
        others: [Scoped; COUNT],
    ) -> Result<(Grant, T, [Rows; COUNT])> {
        let mut statements = vec![target];
        statements.extend(others);
        let (grant, rows, others) = self.asked.grant_for(N::ACTION, not_found, statements).await?;
        let row = rows.first()?.ok_or_else(not_found)?;
        Ok((grant, row, all_of(others)?))
    }
}

/// Statements and results are as many as each other.
fn all_of<const COUNT: usize>(rows: Vec<Rows>) -> Result<[Rows; COUNT]> {
    rows.try_into().map_err(|_| Error::internal("fewer results than statements"))
}

/// What [`Access`] does whatever its need and the number of statements: compiled once.
struct Asked {
    op: Op,
    scope: Scope,
    /// The org in the path: another one than the judged does not exist for this caller.
    path_org: Option<OrgId>,
    /// Whether the change is allowed to an org that is read-only.
    while_read_only: bool,
}

impl Asked {
    /// The caller, what they were proved to be allowed to touch, and the rows of that.
    async fn judged(
        &self,
        judge: fn(&Caller) -> Result<Tenant>,
        statements: Vec<Scoped>,
    ) -> Result<(Caller, Tenant, Vec<Rows>)> {
        let (caller, loaded) = self.load(statements).await?;
        let judged = judge(&caller).map_err(|error| self.hide_path_org(&caller, error))?;
        if let (Some(path), Tenant::Org(org)) = (&self.path_org, &judged)
            && path != org
        {
            return Err(NoOrg::Unknown.into());
        }
        if let Tenant::Org(org) = &judged {
            self.op.request.set_org(org);
        }
        let rows = loaded.into_iter().map(|loaded| loaded.of(&judged)).collect();
        Ok((caller, judged, rows))
    }

    /// What is in the path and may not be seen does not exist.
    fn hide_path_org(&self, caller: &Caller, error: Error) -> Error {
        let path_chose = self.path_org.is_some() && self.path_org == self.scope.choice.org;
        if path_chose && caller.active == ActiveOrg::None(NoOrg::Foreign) {
            return NoOrg::Unknown.into();
        }
        error
    }

    /// The grant for the org of the row that the first statement finds, that row, and the other rows.
    async fn grant_for(
        &self,
        action: Action,
        not_found: fn() -> Error,
        statements: Vec<Scoped>,
    ) -> Result<(Grant, Rows, Vec<Rows>)> {
        let (caller, loaded) = self.load(statements).await?;
        let tenant = match &caller.active {
            ActiveOrg::None(reason) => return Err((*reason).into()),
            ActiveOrg::All => Tenant::All,
            ActiveOrg::One(org, _) => Tenant::Org(org.clone()),
        };
        let mut rows = loaded.into_iter().map(|loaded| loaded.of(&tenant));
        let target = rows.next().ok_or_else(|| Error::internal("no result for the target"))?;
        let TargetOrg { org_id } = target.first()?.ok_or_else(not_found)?;
        Ok((self.grant(caller, org_id, action)?, target, rows.collect()))
    }

    /// The caller and the rows, not judged yet.
    async fn load(&self, statements: Vec<Scoped>) -> Result<(Caller, Vec<Loaded>)> {
        let mut batch = vec![self.scope.caller_statement()];
        let views: Vec<bool> = statements.iter().map(|scoped| scoped.all.is_some()).collect();
        for scoped in statements {
            batch.push(scoped.statement);
            batch.extend(scoped.all);
        }
        let mut rows = self.op.read(batch).await?.into_iter();
        let caller = self.scope.caller(rows.next().as_ref())?.ok_or(NoOrg::NoMembership)?;
        note_login(&self.op, &self.scope, &caller);
        let loaded = views.into_iter().filter_map(|both| {
            let org = rows.next()?;
            let all = if both { Some(rows.next()?) } else { None };
            Some(Loaded { org, all })
        });
        Ok((caller, loaded.collect()))
    }

    fn grant(&self, caller: Caller, org: OrgId, action: Action) -> Result<Grant> {
        let role = caller.role_in(&org).ok_or(NoOrg::Foreign)?;
        if !policy::allows(role, action) {
            return Err(role_too_low(action));
        }
        caller.refuse_revoked_in(&org, self.scope.session.issued_at)?;
        let changes_content = matches!(action, Action::Write | Action::Administer);
        if changes_content && !self.while_read_only && caller.is_read_only(&org) {
            return Err(read_only());
        }
        self.op.request.set_org(&org);
        Ok(Grant { actor: self.actor(caller), org, role })
    }

    fn actor(&self, caller: Caller) -> Actor {
        let impersonator = self.scope.session.impersonator.clone();
        Actor { op: self.op.clone(), caller, impersonator }
    }
}

row! {
    struct TargetOrg {
        org_id: OrgId,
    }
}

/// The results of one [`Scoped`].
struct Loaded {
    org: Rows,
    all: Option<Rows>,
}

impl Loaded {
    /// The one that fits what was judged.
    fn of(self, tenant: &Tenant) -> Rows {
        match (tenant, self.all) {
            (Tenant::All, Some(all)) => all,
            _ => self.org,
        }
    }
}

fn tenant_for(caller: &Caller, action: Action) -> Result<Tenant> {
    match &caller.active {
        ActiveOrg::None(reason) => Err((*reason).into()),
        ActiveOrg::All => Ok(Tenant::All),
        ActiveOrg::One(org, role) if policy::allows(*role, action) => Ok(Tenant::Org(org.clone())),
        ActiveOrg::One(..) => Err(role_too_low(action)),
    }
}

/// The refusal of a role that may not do `action`.
#[track_caller]
pub fn role_too_low(action: Action) -> Error {
    let (text, hint) = match action {
        Action::Read | Action::Write => {
            ("Member access required", "Viewers only read; ask an owner or admin for another role.")
        }
        Action::Administer => {
            ("Admin access required", "Ask an owner or admin of your organization.")
        }
        Action::Own => ("Owner access required", "Only an owner of the organization may do this."),
    };
    Error::forbidden("role_too_low", text).hint(hint)
}

impl<S: Send + Sync, N: Need> FromRequestParts<S> for Access<N> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let op = Op::from_request_parts(parts, state).await?;
        let scope = signed_in(&op, parts).await?;
        let asked = Asked { op: op.clone(), scope, path_org: None, while_read_only: false };
        Ok(Self { op, asked, need: PhantomData })
    }
}
