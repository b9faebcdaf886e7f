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
use super::policy::{self, Action};
use super::session::{self, Session};
use crate::app::Op;
use crate::db::{Param, Rows, Statement};
use crate::error::{Error, Result};
use crate::http::extract::query_param;
use crate::ids::{OrgId, new_id};
use crate::time::{StoredTime, Timestamp};
use crate::{sql, statement};

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
pub struct Scoped(Statement);

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
        let mut all = vec![
            Param::from(self.session.user.as_str()),
            Param::from(self.choice.org.as_ref().map(OrgId::as_str)),
            Param::from(self.choice.all),
        ];
        all.extend(params);
        Scoped(Statement { sql, params: all })
    }

    /// The person in the result of [`CALLER`]; nothing when they have no row.
    fn caller(&self, rows: Option<&Rows>) -> Result<Option<Caller>> {
        rows.map_or(Ok(None), |rows| Caller::from_rows(rows, &self.choice))
    }
}

/// What a route does to the org, as a type for its signature.
pub trait Need: Send + Sync + 'static {
    /// The action.
    const ACTION: Action;
}

/// Looks at one org; staff also at all.
#[derive(Debug)]
pub struct Read;

impl Need for Read {
    const ACTION: Action = Action::Read;
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
    need: PhantomData<N>,
}

impl<N: Need> Access<N> {
    /// For building the statements of [`Access::read`].
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Reads the caller and the handler's statements in one round trip; gives the rows only if the
    /// caller may see them.
    pub async fn read<const COUNT: usize>(
        &self,
        statements: [Scoped; COUNT],
    ) -> Result<(Tenant, [Rows; COUNT])> {
        let mut batch = vec![self.scope.statement(CALLER, []).0];
        batch.extend(statements.into_iter().map(|scoped| scoped.0));
        let mut rows = self.op.read(batch).await?.into_iter();
        let caller = self.scope.caller(rows.next().as_ref())?;
        let tenant = judge::<N>(caller.as_ref())?;
        if let Tenant::Org(org) = &tenant {
            self.op.request.set_org(org);
        }
        if let Some(caller) = &caller {
            note_login(&self.op, caller);
        }
        let rows: Vec<Rows> = rows.collect();
        let rows = rows.try_into().map_err(|_| Error::internal("fewer results than statements"))?;
        Ok((tenant, rows))
    }
}

fn judge<N: Need>(caller: Option<&Caller>) -> Result<Tenant> {
    match caller.map(|caller| &caller.active) {
        None => Err(NoOrg::NoMembership.into()),
        Some(ActiveOrg::None(reason)) => Err((*reason).into()),
        Some(ActiveOrg::All) => Ok(Tenant::All),
        Some(ActiveOrg::One(org, role)) if policy::allows(*role, N::ACTION) => {
            Ok(Tenant::Org(org.clone()))
        }
        Some(ActiveOrg::One(..)) => Err(Error::forbidden("role_too_low", "Admin access required")
            .hint("Ask an owner or admin of your organization.")),
    }
}

impl<S: Send + Sync, N: Need> FromRequestParts<S> for Access<N> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let op = Op::from_request_parts(parts, state).await?;
        let scope = signed_in(&op, parts).await?;
        Ok(Self { op, scope, need: PhantomData })
    }
}

/// A verified session, whatever its orgs: for `/portal/me` alone.
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
    /// Reads the caller, making the row of a person who signs in for the first time.
    pub async fn caller(&self) -> Result<Caller> {
        let rows = self.op.read(vec![self.scope.statement(CALLER, []).0]).await?;
        if let Some(caller) = self.scope.caller(rows.first())? {
            note_login(&self.op, &caller);
            return Ok(caller);
        }
        let rows =
            self.op.write(vec![self.first_row()?, self.scope.statement(CALLER, []).0]).await?;
        self.scope
            .caller(rows.last())?
            .ok_or_else(|| Error::internal("a row that was just inserted is not there"))
    }

    fn first_row(&self) -> Result<Statement> {
        let now = self.op.now();
        let session = &self.scope.session;
        let profile = &session.profile;
        Ok(statement!(
            USER_INSERT,
            new_id(now)?,
            session.user.as_str(),
            profile.email.clone(),
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
    let choice = OrgChoice {
        org: query_param(parts, "orgId").map(OrgId::from),
        all: query_param(parts, "scope").as_deref() == Some("all"),
    };
    Ok(Scope { session, choice })
}

/// Notes the login beside the response, when the last note is old enough.
fn note_login(op: &Op, caller: &Caller) {
    let now = op.now();
    let before = StoredTime::from(now.minus(LOGIN_NOTED_EVERY).to_string());
    let noted = caller.user.last_login_at.as_ref().is_some_and(|noted| *noted >= before);
    if noted || caller.user.status != UserStatus::Active {
        return;
    }
    let statement = touch(caller, now, &before);
    let database = Arc::clone(&op.app.ports.db);
    op.background.spawn(Box::pin(async move {
        // Lost notes are made up for by the next request.
        let _lost = database.batch(&[statement]).await;
    }));
}

fn touch(caller: &Caller, now: Timestamp, before: &StoredTime) -> Statement {
    statement!(USER_TOUCH, caller.user.clerk_user_id.as_str(), now, before)
}
