//! The proof that a request may touch an org.
//!
//! A handler's signature states what it needs (`Access<Read>`, `SignedIn`). Its statements travel with
//! the one that reads the caller, in one batch; each is scoped in SQL by the same rule, and their rows
//! are handed out only after the caller was judged.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::caller::{ActiveOrg, Caller, NoOrg, OrgChoice, UserStatus};
use super::policy::{self, Action, Role};
use super::session::{self, Session};
use crate::app::Op;
use crate::audit::{self, Entry};
use crate::db::{FromRow, Param, Rows, Statement};
use crate::error::{Error, Result};
use crate::http::extract::Query;
use crate::ids::{ClerkUserId, OrgId, new_id};
use crate::invitations::{self, Invited};
use crate::time::{StoredTime, Timestamp};
use crate::{row, sql, statement};

/// Joins the scope rule and a statement that reads from its `scope` or `visible`.
#[macro_export]
macro_rules! scoped_sql {
    ($file:literal) => {
        $crate::sql!("../auth/sql/scope.sql", $file)
    };
}

const CALLER: &str = scoped_sql!("sql/caller.sql");
const USER_INSERT: &str = sql!("sql/user_insert.sql");
const USER_TOUCH: &str = sql!("sql/user_touch.sql");

/// A login is noted at most this often, so that reads do not become writes.
const LOGIN_NOTED_EVERY: Duration = Duration::from_hours(1);

/// A statement that reads no more than its caller may see.
#[derive(Debug)]
pub struct Scoped {
    statement: Statement,
    /// The same for the view of all orgs, where the request may turn out to be about these.
    all: Option<Statement>,
}

/// A list's statement, for one org and for all.
#[derive(Debug, Clone, Copy)]
pub struct ListSql {
    /// Reads the rows of one org in the order of an index that begins with it.
    pub org: &'static str,
    /// Reads those of all orgs, in the order of an index that begins with the key.
    pub all: &'static str,
}

/// Joins the scope rule and a list's statement. The file compares its org exactly so:
/// `(SELECT org_id FROM scope) = t.org_id`; the view of all orgs is made from it.
#[macro_export]
macro_rules! list_sql {
    ($file:literal) => {{
        const ORG: &str = $crate::scoped_sql!($file);
        const LENGTH: usize = $crate::db::all_orgs_length(ORG);
        const BYTES: [u8; LENGTH] = $crate::db::for_all_orgs(ORG);
        const ALL: &str = match std::str::from_utf8(&BYTES) {
            Ok(sql) => sql,
            Err(_) => panic!("names of columns are replaced whole"),
        };
        $crate::auth::permission::ListSql { org: ORG, all: ALL }
    }};
}

/// What scopes the statements of one request. It proves nothing by itself: the rows stay hidden until
/// the caller was judged.
#[derive(Debug, Clone)]
pub struct Scope {
    session: Arc<Session>,
    choice: OrgChoice,
}

impl Scope {
    /// `sql` must be made by [`scoped_sql!`]; `params` are its `?4`, `?5`, …
    pub fn statement(&self, sql: &'static str, params: impl IntoIterator<Item = Param>) -> Scoped {
        Scoped { statement: self.bound(sql, params), all: None }
    }

    /// A list; `params` are its `?4`, `?5`, …
    pub fn list(&self, sql: ListSql, params: Vec<Param>) -> Scoped {
        // A request that names its org is about no other.
        let all = self.choice.org.is_none().then(|| self.bound(sql.all, params.clone()));
        Scoped { statement: self.bound(sql.org, params), all }
    }

    /// The org that the request names by `?orgId=`, its path or its body; unproven until it was judged.
    pub fn named_org(&self) -> Option<&OrgId> {
        self.choice.org.as_ref()
    }

    fn bound(&self, sql: &'static str, params: impl IntoIterator<Item = Param>) -> Statement {
        let mut all = vec![
            Param::from(self.session.user.as_str()),
            Param::from(self.choice.org.as_ref().map(OrgId::as_str)),
            Param::from(self.choice.all),
        ];
        all.extend(params);
        Statement { sql, params: all }
    }

    fn caller_statement(&self) -> Statement {
        self.bound(CALLER, [])
    }

    /// The person in the result of [`CALLER`]; nothing when they have no row.
    fn caller(&self, rows: Option<&Rows>) -> Result<Option<Caller>> {
        let Some(caller) = rows.map_or(Ok(None), |rows| Caller::from_rows(rows, &self.choice))?
        else {
            return Ok(None);
        };
        caller.refuse_revoked(self.session.issued_at)?;
        Ok(Some(caller))
    }
}

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
    scope: Scope,
    /// The org in the path: another one than the judged does not exist for this caller.
    path_org: Option<OrgId>,
    need: PhantomData<N>,
}

impl<N: Need> Access<N> {
    /// For building the statements of [`Access::read`].
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The request is about the org in its path. A foreign one there is a 404.
    #[must_use]
    pub fn of_path_org(mut self, org: OrgId) -> Self {
        self.scope.choice.org.get_or_insert_with(|| org.clone());
        self.path_org = Some(org);
        self
    }

    /// The request is about the org in its body, if its query names none. A foreign one is a 403.
    #[must_use]
    pub fn of_body_org(mut self, org: OrgId) -> Self {
        self.scope.choice.org.get_or_insert(org);
        self
    }

    /// Reads the caller and the handler's statements in one round trip; gives the rows only if the
    /// caller may see them.
    pub async fn read<const COUNT: usize>(
        &self,
        statements: [Scoped; COUNT],
    ) -> Result<(Tenant, [Rows; COUNT])> {
        let (_caller, tenant, rows) = self.judged(statements).await?;
        Ok((tenant, rows))
    }

    /// Like [`Access::read`], for a route that then changes something that belongs to no org, or to
    /// whichever it names: tells who does it.
    pub async fn read_as_actor<const COUNT: usize>(
        &self,
        statements: [Scoped; COUNT],
    ) -> Result<(Actor, Tenant, [Rows; COUNT])> {
        let (caller, tenant, rows) = self.judged(statements).await?;
        Ok((self.actor(caller), tenant, rows))
    }

    async fn judged<const COUNT: usize>(
        &self,
        statements: [Scoped; COUNT],
    ) -> Result<(Caller, Tenant, [Rows; COUNT])> {
        let (caller, loaded) = self.load(statements.into()).await?;
        let judged = N::judge(&caller).map_err(|error| self.hide_path_org(&caller, error))?;
        if let (Some(path), Tenant::Org(org)) = (&self.path_org, &judged)
            && path != org
        {
            return Err(NoOrg::Unknown.into());
        }
        if let Tenant::Org(org) = &judged {
            self.op.request.set_org(org);
        }
        let rows = in_view(loaded, &judged)?;
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
        note_login(&self.op, &caller);
        let loaded = views.into_iter().filter_map(|both| {
            let org = rows.next()?;
            let all = if both { Some(rows.next()?) } else { None };
            Some(Loaded { org, all })
        });
        Ok((caller, loaded.collect()))
    }

    fn actor(&self, caller: Caller) -> Actor {
        let impersonator = self.scope.session.impersonator.clone();
        Actor { op: self.op.clone(), caller, impersonator }
    }
}

impl<N: Change> Access<N> {
    /// Reads the caller and the handler's statements in one round trip, for a change to the org of the
    /// request.
    pub async fn grant<const COUNT: usize>(
        &self,
        statements: [Scoped; COUNT],
    ) -> Result<(Grant, [Rows; COUNT])> {
        let (caller, tenant, rows) = self.judged(statements).await?;
        let Tenant::Org(org) = tenant else {
            return Err(Error::bad_request("org_required", "Organization required")
                .hint("Name the organization with ?orgId=."));
        };
        Ok((self.grant_of(caller, org)?, rows))
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
        let (caller, mut loaded) = self.load(statements).await?;
        let tenant = match &caller.active {
            ActiveOrg::None(reason) => return Err((*reason).into()),
            ActiveOrg::All => Tenant::All,
            ActiveOrg::One(org, _) => Tenant::Org(org.clone()),
        };
        let others = in_view(loaded.split_off(1), &tenant)?;
        let [target] = in_view(loaded, &tenant)?;
        let org: TargetOrg = target.first()?.ok_or_else(not_found)?;
        let row = target.first()?.ok_or_else(not_found)?;
        let grant = self.grant_of(caller, org.org_id)?;
        Ok((grant, row, others))
    }

    fn grant_of(&self, caller: Caller, org: OrgId) -> Result<Grant> {
        let role = caller.role_in(&org).ok_or(NoOrg::Foreign)?;
        if !policy::allows(role, N::ACTION) {
            return Err(role_too_low(N::ACTION));
        }
        caller.refuse_revoked_in(&org, self.scope.session.issued_at)?;
        self.op.request.set_org(&org);
        Ok(Grant { actor: self.actor(caller), org, role })
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

/// Of each result, the one that fits what was judged.
fn in_view<const COUNT: usize>(loaded: Vec<Loaded>, tenant: &Tenant) -> Result<[Rows; COUNT]> {
    let rows: Vec<Rows> = loaded
        .into_iter()
        .map(|loaded| match (tenant, loaded.all) {
            (Tenant::All, Some(all)) => all,
            _ => loaded.org,
        })
        .collect();
    rows.try_into().map_err(|_| Error::internal("fewer results than statements"))
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

/// Who makes a change.
#[derive(Clone)]
pub struct Actor {
    /// The operation.
    pub op: Op,
    /// The person.
    pub caller: Caller,
    /// Who acts in the person's name.
    pub impersonator: Option<String>,
}

impl Actor {
    /// The audit entry of the statement right before it, which is written only if that one changed a row.
    pub fn audit(&self, org: Option<&OrgId>, entry: &Entry<'_>) -> Result<Statement> {
        audit::entry_insert(self, org, entry)
    }

    /// For the part of a change that staff alone may make.
    pub fn require_staff(&self) -> Result<()> {
        if self.caller.user.is_staff { Ok(()) } else { Err(staff_only()) }
    }

    /// Writes in one transaction and one round trip.
    pub async fn write(&self, statements: Vec<Statement>) -> Result<Vec<Rows>> {
        self.op.write(statements).await
    }
}

/// Proof that the caller may change this org.
#[derive(Clone)]
pub struct Grant {
    /// Who.
    pub actor: Actor,
    /// Which org.
    pub org: OrgId,
    /// As what.
    pub role: Role,
}

impl Grant {
    /// The operation.
    pub fn op(&self) -> &Op {
        &self.actor.op
    }

    /// A statement whose `?1` is the org; `params` are `?2`, `?3`, …
    pub fn statement(
        &self,
        sql: &'static str,
        params: impl IntoIterator<Item = Param>,
    ) -> Statement {
        let mut all = vec![Param::from(&self.org)];
        all.extend(params);
        Statement { sql, params: all }
    }

    /// The audit entry of the statement right before it, which is written only if that one changed a row.
    pub fn audit(&self, entry: &Entry<'_>) -> Result<Statement> {
        self.actor.audit(Some(&self.org), entry)
    }

    /// Writes in one transaction and one round trip.
    pub async fn write(&self, statements: Vec<Statement>) -> Result<Vec<Rows>> {
        self.actor.write(statements).await
    }
}

impl<S: Send + Sync, N: Need> FromRequestParts<S> for Access<N> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let op = Op::from_request_parts(parts, state).await?;
        let scope = signed_in(&op, parts).await?;
        Ok(Self { op, scope, path_org: None, need: PhantomData })
    }
}

/// A verified session, whatever its orgs: for what a person may do who belongs to none.
pub struct SignedIn {
    /// The operation.
    pub op: Op,
    scope: Scope,
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let op = Op::from_request_parts(parts, state).await?;
        let scope = signed_in(&op, parts).await?;
        Ok(Self { op, scope })
    }
}

impl SignedIn {
    /// For building the statements of [`SignedIn::read`].
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Clerk's id of the person.
    pub fn user(&self) -> &ClerkUserId {
        &self.scope.session.user
    }

    /// Refuses someone who acts in another's name: nobody joins an org but in person.
    pub fn in_person(&self) -> Result<()> {
        match self.scope.session.impersonator {
            None => Ok(()),
            Some(_) => Err(Error::forbidden("impersonation_forbidden", "Forbidden")
                .hint("This cannot be done in another person's name; sign in as yourself.")),
        }
    }

    /// Reads the caller and the handler's statements in one round trip. There is no caller before the
    /// first [`SignedIn::caller`]. Such statements see to it themselves that they give no more than the
    /// person of `?1` may see.
    pub async fn read<const COUNT: usize>(
        &self,
        statements: [Scoped; COUNT],
    ) -> Result<(Option<Caller>, [Rows; COUNT])> {
        let mut batch = vec![self.scope.caller_statement()];
        batch.extend(statements.into_iter().map(|scoped| scoped.statement));
        let mut rows = self.op.read(batch).await?;
        let rest = rows.split_off(1);
        let caller = self.scope.caller(rows.first())?;
        match &caller {
            Some(caller) => {
                if let ActiveOrg::None(
                    reason @ (NoOrg::UserNotActive | NoOrg::Foreign | NoOrg::Unknown),
                ) = &caller.active
                {
                    return Err((*reason).into());
                }
                note_login(&self.op, caller);
            }
            None if self.scope.named_org().is_some() => return Err(NoOrg::Foreign.into()),
            None => {}
        }
        let rest = rest.try_into();
        Ok((caller, rest.map_err(|_| Error::internal("fewer results than statements"))?))
    }

    /// Reads the caller, making the row of a person who signs in for the first time. Someone whom an
    /// address that Clerk verified was invited by becomes a member with it, or within the hour.
    pub async fn caller(&self) -> Result<Caller> {
        let rows = self.op.read(vec![self.scope.caller_statement()]).await?;
        if let Some(caller) = self.scope.caller(rows.first())? {
            if note_login(&self.op, &caller) && caller.memberships.is_empty() {
                self.accept_beside();
            }
            return Ok(caller);
        }
        let emails = match self.in_person() {
            Ok(()) => invitations::verified_emails(&self.op, self.user()).await,
            Err(_) => Vec::new(),
        };
        let mut statements = vec![self.first_row(emails.first())?];
        if !emails.is_empty() {
            let invited = Invited::ByEmails(&emails);
            statements.extend(invitations::acceptance(&self.op, self.user(), &invited)?);
        }
        statements.push(self.scope.caller_statement());
        let rows = self.op.write(statements).await?;
        self.scope
            .caller(rows.last())?
            .ok_or_else(|| Error::internal("a row that was just inserted is not there"))
    }

    /// Looks beside the response for invitations of a known person who belongs nowhere.
    fn accept_beside(&self) {
        if self.op.app.config.clerk_secret_key.is_none() || self.in_person().is_err() {
            return;
        }
        let (op, user) = (self.op.clone(), self.user().clone());
        self.op.background.spawn(Box::pin(async move {
            let emails = invitations::verified_emails(&op, &user).await;
            let invited = Invited::ByEmails(&emails);
            if !emails.is_empty()
                && let Ok(statements) = invitations::acceptance(&op, &user, &invited)
            {
                // What is lost is made up for an hour later.
                let _lost = op.write(statements.into()).await;
            }
        }));
    }

    /// The row of a person who signs in for the first time; `email` is known better than by the token.
    pub fn first_row(&self, email: Option<&String>) -> Result<Statement> {
        let now = self.op.now();
        let session = &self.scope.session;
        let profile = &session.profile;
        Ok(statement!(
            USER_INSERT,
            new_id(now)?,
            session.user.as_str(),
            email.or(profile.email.as_ref()).cloned(),
            profile.name.clone(),
            profile.avatar_url.clone(),
            now,
        ))
    }
}

/// Verifies the token and reads which org is asked for.
async fn signed_in(op: &Op, parts: &Parts) -> Result<Scope> {
    let session = session::authenticate(op, &parts.headers).await?;
    op.request.set_user(&session.user, session.impersonator.as_deref());
    let query = Query::of(parts);
    let choice = OrgChoice {
        org: query.text("orgId").map(|org| OrgId::from(org.to_owned())),
        all: query.text("scope") == Some("all"),
    };
    Ok(Scope { session, choice })
}

/// Notes the login beside the response, when the last note is old enough; tells whether it was.
fn note_login(op: &Op, caller: &Caller) -> bool {
    let now = op.now();
    let before = StoredTime::from(now.minus(LOGIN_NOTED_EVERY).to_string());
    let noted = caller.user.last_login_at.as_ref().is_some_and(|noted| *noted >= before);
    if noted || caller.user.status != UserStatus::Active {
        return false;
    }
    let statement = touch(caller, now, &before);
    let database = Arc::clone(&op.app.ports.db);
    op.background.spawn(Box::pin(async move {
        // Lost notes are made up for by the next request.
        let _lost = database.batch(&[statement]).await;
    }));
    true
}

fn touch(caller: &Caller, now: Timestamp, before: &StoredTime) -> Statement {
    statement!(USER_TOUCH, caller.user.clerk_user_id.as_str(), now, before)
}
