//! Who makes a change, and the proof that they may.

use super::caller::Caller;
use super::permission::staff_only;
use super::policy::Role;
use crate::app::Op;
use crate::audit::{self, Entry};
use crate::db::{Param, Rows, Statement};
use crate::error::Result;
use crate::ids::OrgId;

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
