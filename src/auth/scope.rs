//! Statements that read no more than their caller may see: the rule in front of each, and the two views of
//! a list.

use std::sync::Arc;

use super::caller::{Caller, OrgChoice};
use super::session::Session;
use crate::db::{Param, Rows, Statement};
use crate::error::Result;
use crate::ids::OrgId;

/// Joins the scope rule and a statement that reads from its `scope` or `visible`, of one file or of several.
#[macro_export]
macro_rules! scoped_sql {
    ($($file:literal),+) => {
        $crate::sql!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/auth/sql/scope.sql"), $($file),+)
    };
}

const CALLER: &str = scoped_sql!("sql/caller.sql");
/// A statement that reads no more than its caller may see.
#[derive(Debug)]
pub struct Scoped {
    pub(super) statement: Statement,
    /// The same for the view of all orgs, where the request may turn out to be about these.
    pub(super) all: Option<Statement>,
}

/// A list's statement, for one org and for all.
#[derive(Debug, Clone, Copy)]
pub struct ListSql {
    /// Reads the rows of one org in the order of an index that begins with it.
    pub org: &'static str,
    /// Reads those of all orgs, in the order of an index that begins with the key.
    pub all: &'static str,
}

/// Joins the scope rule and a list's statement. It compares its org exactly so:
/// `(SELECT org_id FROM scope) = t.org_id`; the view of all orgs is made from it.
#[macro_export]
macro_rules! list_sql {
    ($($file:literal),+) => {{
        const ORG: &str = $crate::scoped_sql!($($file),+);
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
    pub(super) session: Arc<Session>,
    pub(super) choice: OrgChoice,
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

    pub(super) fn caller_statement(&self) -> Statement {
        self.bound(CALLER, [self.session.id.as_deref().into()])
    }

    /// The person in the result of [`CALLER`]; nothing when they have no row.
    pub(super) fn caller(&self, rows: Option<&Rows>) -> Result<Option<Caller>> {
        let Some(caller) = rows.map_or(Ok(None), |rows| Caller::from_rows(rows, &self.choice))?
        else {
            return Ok(None);
        };
        caller.refuse_ended(self.session.issued_at)?;
        Ok(Some(caller))
    }
}
