//! The statements of a delivery.

use std::time::Duration;

use serde_json::{Value, json};

use super::event::{Change, Event};
use super::membership::Membership;
use super::person::Person;
use crate::app::Op;
use crate::db::{Param, Rows, Statement};
use crate::error::Result;
use crate::ids::new_id;
use crate::orgs::Slug;
use crate::time::Timestamp;
use crate::{choice, row, sql, statement};

const EVENT_CLAIM: &str = sql!("sql/event_claim.sql");
const EVENT_FAILED: &str = sql!("sql/event_failed.sql");
const EVENT_OUTCOME: &str = sql!("sql/event_outcome.sql");
const SNAPSHOT_UPSERT: &str = sql!("sql/snapshot_upsert.sql");
const ENTRY_INSERT: &str = sql!("sql/entry_insert.sql");
const REFUSAL_INSERT: &str = sql!("sql/refusal_insert.sql");
const USER_UPSERT: &str = sql!("sql/user_upsert.sql");
const USER_BURY: &str = sql!("sql/user_bury.sql");
const AUTHOR_FORGET: &str = sql!("sql/author_forget.sql");
const HANDLER_FORGET: &str = sql!("sql/handler_forget.sql");
const INVITATIONS_CLOSE_AUDIT_INSERT: &str = sql!("sql/invitations_close_audit_insert.sql");
const INVITATIONS_FORGET: &str = sql!("sql/invitations_forget.sql");
const INVITATIONS_WITHDRAW: &str = sql!("sql/invitations_withdraw.sql");
const MEMBERSHIPS_END_AUDIT_INSERT: &str = sql!("sql/memberships_end_audit_insert.sql");
const MEMBERSHIPS_END: &str = sql!("sql/memberships_end.sql");
const MEMBERSHIP_JUDGE: &str = sql!("sql/membership_judge.sql");
const MEMBERSHIP_UPSERT: &str = sql!("sql/membership_upsert.sql");
const DEPARTURE_JUDGE: &str = sql!("sql/departure_judge.sql");
const ORG_JUDGE: &str = sql!("sql/org_judge.sql");
const ORG_FOLLOW: &str = sql!("sql/org_follow.sql");
const ORG_LOCK: &str = sql!("sql/org_lock.sql");
const SESSION_END: &str = sql!("sql/session_end.sql");
const INVITATION_JUDGE: &str = sql!("sql/invitation_judge.sql");
const INVITATION_REVOKE: &str = sql!("sql/invitation_revoke.sql");

/// For how long an event that came before what it refers to is asked for again.
const AWAITED: Duration = Duration::from_hours(24);
/// For how long the tokens of a session that ended are refused. Clerk's live a minute unless the instance says
/// otherwise, and those of `cargo xtask token` at most a day.
const TOKENS_LIVE: Duration = Duration::from_hours(48);
/// What stands in place of the address of a person who was deleted (RFC 2606).
const NO_ADDRESS: &str = "deleted@user.invalid";

choice! {
    /// `clerk_events.status`.
    pub enum Status {
        /// Applied.
        Processed = "processed",
        /// Recorded; it asks for nothing that is done.
        Skipped = "skipped",
        /// Not applied; it is asked for again.
        Failed = "failed",
    }
}

row! {
    /// What became of an event.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct Receipt {
        pub(super) id: String,
        pub(super) status: Status,
        pub(super) org_id: Option<String>,
        /// Why it was not applied.
        pub(super) reason: Option<String>,
    }
}

/// Claims and applies an event in one transaction; nothing when it was taken before.
pub(super) async fn event_apply(
    op: &Op,
    event: &Event,
    change: &Change,
) -> Result<Option<Receipt>> {
    let delivery = Delivery { op, event, id: &new_id(op.now())?, now: op.now() };
    let mut statements = vec![delivery.claim(change)?];
    match change {
        Change::Person(person) => delivery.person(person, &mut statements)?,
        Change::PersonGone => delivery.person_gone(&mut statements)?,
        Change::Org { name, slug } => delivery.org(name, slug.as_ref(), &mut statements)?,
        Change::OrgGone => delivery.org_gone(&mut statements)?,
        Change::Member(membership) => delivery.member(membership, &mut statements)?,
        Change::MemberGone(membership) => delivery.member_gone(membership, &mut statements)?,
        Change::SessionEnded => {
            let until = delivery.now.plus(TOKENS_LIVE);
            statements.push(delivery.statement(SESSION_END, [until.into()]));
        }
        Change::InvitationRevoked { clerk_org_id } => {
            delivery.invitation(clerk_org_id.as_deref(), &mut statements)?;
        }
        Change::Nothing => {}
    }
    statements.push(delivery.statement(EVENT_OUTCOME, []));
    let rows = op.write(statements).await?;
    rows.last().map(Rows::first).transpose().map(Option::flatten)
}

/// One delivery of an event, for the statements of its batch.
struct Delivery<'a> {
    op: &'a Op,
    event: &'a Event,
    id: &'a str,
    now: Timestamp,
}

impl Delivery<'_> {
    fn claim(&self, change: &Change) -> Result<Statement> {
        let only_recorded = matches!(change, Change::Nothing).then_some("only_recorded");
        let is_deletion =
            matches!(change, Change::PersonGone | Change::OrgGone | Change::MemberGone(_));
        let rest = [
            self.id.into(),
            only_recorded.into(),
            self.event.updated_ms.into(),
            self.event.happened.millis().into(),
            is_deletion.into(),
        ];
        receipt(EVENT_CLAIM, self.event, self.now, rest)
    }

    /// A statement whose `?1` and `?2` are the event and this delivery; `params` are `?3`, `?4`, …
    fn statement(&self, sql: &'static str, params: impl IntoIterator<Item = Param>) -> Statement {
        let mut all = vec![Param::from(&*self.event.id), self.id.into()];
        all.extend(params);
        Statement { sql, params: all }
    }

    /// Notes that the state of the event's object is the one that counts.
    fn snapshot(&self, is_deleted: bool) -> Statement {
        let at = [self.event.updated_ms.into(), self.event.happened.millis().into()];
        let deleted = is_deleted.then_some(self.now).into();
        self.statement(SNAPSHOT_UPSERT, at.into_iter().chain([deleted]))
    }

    /// The audit entry of the statement right before it.
    fn entry(
        &self,
        what: &str,
        target: &str,
        clerk_id: &str,
        metadata: &Value,
    ) -> Result<Statement> {
        Ok(statement!(
            ENTRY_INSERT,
            new_id(self.now)?,
            &*self.event.id,
            self.id,
            self.op.request.id.as_str(),
            what,
            target,
            clerk_id,
            metadata.to_string(),
            self.now,
        ))
    }

    /// Clerk's id of what the event is about, which [`Event::change`] has seen to be there.
    fn object_id(&self) -> &str {
        self.event.object_id().unwrap_or_default()
    }

    fn person(&self, person: &Person, statements: &mut Vec<Statement>) -> Result<()> {
        statements.push(self.snapshot(false));
        statements.push(self.statement(
            USER_UPSERT,
            [
                new_id(self.now)?.into(),
                person.email.as_deref().into(),
                person.name.as_deref().into(),
                person.avatar_url.as_deref().into(),
                person.is_suspended.into(),
                self.now.into(),
            ],
        ));
        let metadata = json!({
            "clerkUserId": self.object_id(),
            "clerkEvent": self.event.r#type,
            "isSuspendedAtClerk": person.is_suspended,
        });
        statements.push(self.entry("user.synchronized", "user", self.object_id(), &metadata)?);
        Ok(())
    }

    /// Everything that names a person goes, and then the person: the statements before read from their row.
    fn person_gone(&self, statements: &mut Vec<Statement>) -> Result<()> {
        let request = Param::from(self.op.request.id.as_str());
        statements.push(self.snapshot(true));
        statements.push(
            self.statement(INVITATIONS_CLOSE_AUDIT_INSERT, [request.clone(), self.now.into()]),
        );
        statements.push(self.statement(INVITATIONS_FORGET, [self.now.into(), NO_ADDRESS.into()]));
        statements.push(self.statement(INVITATIONS_WITHDRAW, [self.now.into()]));
        statements.push(self.statement(AUTHOR_FORGET, []));
        statements.push(self.statement(HANDLER_FORGET, []));
        statements.extend(self.memberships_end(self.object_id(), None, Some("user_deleted")));
        statements.push(self.statement(USER_BURY, [new_id(self.now)?.into(), self.now.into()]));
        let metadata = json!({ "clerkUserId": self.object_id(), "clerkEvent": self.event.r#type });
        statements.push(self.entry("user.deleted", "user", self.object_id(), &metadata)?);
        Ok(())
    }

    /// Ends one membership, or all of a person, with its traces in front.
    fn memberships_end(
        &self,
        person: &str,
        one: Option<&str>,
        reason: Option<&str>,
    ) -> [Statement; 2] {
        let request = self.op.request.id.as_str();
        [
            self.statement(
                MEMBERSHIPS_END_AUDIT_INSERT,
                [person.into(), one.into(), request.into(), self.now.into(), reason.into()],
            ),
            self.statement(MEMBERSHIPS_END, [person.into(), one.into()]),
        ]
    }

    fn org(&self, name: &str, slug: Option<&Slug>, statements: &mut Vec<Statement>) -> Result<()> {
        statements.push(self.statement(ORG_JUDGE, []));
        statements.push(self.snapshot(false));
        let slug = slug.map(Slug::as_str);
        statements.push(self.statement(ORG_FOLLOW, [name.into(), slug.into(), self.now.into()]));
        let metadata = json!({ "name": name, "slug": slug, "clerkEvent": self.event.r#type });
        statements.push(self.entry("org.updated", "org", self.object_id(), &metadata)?);
        Ok(())
    }

    fn org_gone(&self, statements: &mut Vec<Statement>) -> Result<()> {
        statements.push(self.statement(ORG_JUDGE, []));
        statements.push(self.snapshot(true));
        statements.push(self.statement(ORG_LOCK, [self.now.into()]));
        let metadata = json!({ "status": "inactive", "clerkEvent": self.event.r#type });
        statements.push(self.entry("org.updated", "org", self.object_id(), &metadata)?);
        Ok(())
    }

    fn member(&self, membership: &Membership, statements: &mut Vec<Statement>) -> Result<()> {
        let Membership { clerk_org_id, clerk_user_id, role } = membership;
        statements.push(self.statement(
            MEMBERSHIP_JUDGE,
            [
                clerk_org_id.as_str().into(),
                clerk_user_id.as_str().into(),
                self.object_id().into(),
                self.event.updated_ms.into(),
                self.now.into(),
                self.now.minus(AWAITED).into(),
            ],
        ));
        statements.push(self.snapshot(false));
        let person = clerk_user_id.as_str();
        statements.push(self.statement(
            MEMBERSHIP_UPSERT,
            [new_id(self.now)?.into(), person.into(), (*role).into(), self.now.into()],
        ));
        let metadata =
            json!({ "clerkUserId": person, "role": role, "clerkEvent": self.event.r#type });
        let what = match self.event.r#type.as_str() {
            "organizationMembership.created" => "membership.created",
            _ => "membership.updated",
        };
        statements.push(self.entry(what, "membership", person, &metadata)?);
        statements.push(self.refusal(membership)?);
        Ok(())
    }

    fn member_gone(&self, membership: &Membership, statements: &mut Vec<Statement>) -> Result<()> {
        let person = membership.clerk_user_id.as_str();
        let one = self.object_id();
        statements.push(self.statement(
            DEPARTURE_JUDGE,
            [membership.clerk_org_id.as_str().into(), person.into(), one.into()],
        ));
        statements.push(self.snapshot(true));
        statements.extend(self.memberships_end(person, Some(one), None));
        statements.push(self.refusal(membership)?);
        Ok(())
    }

    fn refusal(&self, membership: &Membership) -> Result<Statement> {
        Ok(statement!(
            REFUSAL_INSERT,
            new_id(self.now)?,
            &*self.event.id,
            self.id,
            self.op.request.id.as_str(),
            &*membership.clerk_user_id,
            membership.role,
            self.now,
        ))
    }

    fn invitation(&self, clerk_org: Option<&str>, statements: &mut Vec<Statement>) -> Result<()> {
        statements.push(self.statement(INVITATION_JUDGE, [clerk_org.into()]));
        statements.push(self.statement(INVITATION_REVOKE, [self.now.into()]));
        let metadata = json!({ "clerkEvent": self.event.r#type });
        statements.push(self.entry(
            "invitation.revoked",
            "invitation",
            self.object_id(),
            &metadata,
        )?);
        Ok(())
    }
}

/// A statement that writes the receipt of an event: its `?1` to `?8` say what came, `rest` what became of it.
fn receipt<const REST: usize>(
    sql: &'static str,
    event: &Event,
    now: Timestamp,
    rest: [Param; REST],
) -> Result<Statement> {
    let mut statement = statement!(
        sql,
        new_id(now)?,
        &*event.id,
        &*event.r#type,
        event.object_type(),
        event.object_id(),
        event.kept(),
        now,
        event.happened,
    );
    statement.params.extend(rest);
    Ok(statement)
}

/// Records that an event could not be applied, so that it can be seen while it is sent again.
pub(super) async fn event_failed(op: &Op, event: &Event, reason: &str) -> Result<()> {
    let statement = receipt(EVENT_FAILED, event, op.now(), [reason.into()])?;
    op.write(vec![statement]).await.map(drop)
}
