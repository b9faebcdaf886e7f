//! Signed-in people, whatever their orgs: the first sign-in, and when people were here last.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use http::request::Parts;

use serde_json::json;

use super::caller::{ActiveOrg, Caller, NoOrg, OrgChoice, UserStatus, session_ended};
use super::scope::{Scope, Scoped};
use super::session;
use crate::app::Op;
use crate::audit::{self, Entry};
use crate::db::{Rows, Statement};
use crate::error::{Error, Result};
use crate::http::extract::Query;
use crate::ids::{ClerkUserId, OrgId, new_id};
use crate::invitations::{self, Invited};
use crate::time::{StoredTime, Timestamp};
use crate::{sql, statement};

const USER_INSERT: &str = sql!("sql/user_insert.sql");
const USER_TOUCH: &str = sql!("sql/user_touch.sql");

/// A login is noted at most this often, so that reads do not become writes.
const LOGIN_NOTED_EVERY: Duration = Duration::from_hours(1);

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
                note_login(&self.op, &self.scope, caller);
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
            if note_login(&self.op, &self.scope, &caller) && caller.memberships.is_empty() {
                self.accept_beside();
            }
            return Ok(caller);
        }
        let emails = match self.in_person() {
            Ok(()) => invitations::verified_emails(&self.op, self.user()).await,
            Err(_) => Vec::new(),
        };
        let mut statements = Vec::from(self.first_row(emails.first())?);
        if !emails.is_empty() {
            let invited = Invited::ByEmails(&emails);
            statements.extend(invitations::acceptance(&self.op, self.user(), &invited)?);
        }
        statements.push(self.scope.caller_statement());
        let rows = self.op.write(statements).await?;
        self.scope.caller(rows.last())?.ok_or_else(session_ended)
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

    /// The row of a person who signs in for the first time, and the trace of it; `email` is known better
    /// than by the token.
    pub fn first_row(&self, email: Option<&String>) -> Result<[Statement; 2]> {
        let now = self.op.now();
        let session = &self.scope.session;
        let profile = &session.profile;
        let id = new_id(now)?;
        let insert = statement!(
            USER_INSERT,
            id.as_str(),
            session.user.as_str(),
            email.or(profile.email.as_ref()).cloned(),
            profile.name.clone(),
            profile.avatar_url.clone(),
            now,
            session.id.as_deref(),
        );
        let entry = Entry {
            event: "user.created",
            target_type: "user",
            target_id: &id,
            metadata: json!({ "clerkUserId": session.user }),
        };
        let impersonator = session.impersonator.as_deref();
        let trace = audit::entry_insert_by(&self.op, &id, impersonator, None, &entry)?;
        Ok([insert, trace])
    }
}

/// Verifies the token and reads which org is asked for.
pub(super) async fn signed_in(op: &Op, parts: &Parts) -> Result<Scope> {
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
/// A request in another's name is no login of theirs.
pub(super) fn note_login(op: &Op, scope: &Scope, caller: &Caller) -> bool {
    if scope.session.impersonator.is_some() {
        return false;
    }
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
