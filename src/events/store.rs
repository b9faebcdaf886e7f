//! The feed's statements and rows.

use serde_json::{Map, Value};

use super::routes::EventType;
use crate::auth::permission::{ListSql, Scope, Scoped};
use crate::db::Param;
use crate::page::Page;
use crate::time::StoredTime;
use crate::{choice, list_sql, row, scoped_sql};

const EVENTS: ListSql = list_sql!("sql/events.sql");
const SITE_EVENTS: &str = scoped_sql!("sql/site_events.sql");
const OUTCOMES_OF_TYPE: ListSql = list_sql!("sql/outcomes_of_type.sql");

choice! {
    /// The list that an event comes from. Where two events have one moment and one id, these texts order
    /// them.
    pub(super) enum Arm {
        Began = "began",
        Ended = "ended",
        Message = "message",
        Outcome = "outcome",
        Run = "run",
    }
}

row! {
    /// An event, as its list tells it.
    #[derive(Debug)]
    pub(super) struct EventRow {
        pub(super) at: StoredTime,
        pub(super) id: String,
        pub(super) arm: Arm,
        pub(super) org_id: String,
        pub(super) site_id: String,
        pub(super) session_id: String,
        /// A message's role, an outcome's type of event, a run's action.
        pub(super) subject: Option<String>,
        /// A message's text, an outcome's name, a run's status.
        pub(super) content: Option<String>,
        pub(super) metadata: Metadata,
    }
}

impl EventRow {
    /// Where the next page goes on.
    pub(super) fn key(&self) -> [String; 3] {
        [self.at.stored(), self.id.clone(), self.arm.as_str().to_owned()]
    }
}

/// A session's metadata: nothing where none was stored, an empty object where it does not parse.
#[derive(Debug)]
pub(super) struct Metadata(pub(super) Option<Map<String, Value>>);

impl crate::db::Column for Metadata {
    fn from_cell(cell: crate::db::Cell<'_>) -> Option<Self> {
        match &cell {
            crate::db::Cell::Null => Some(Self(None)),
            crate::db::Cell::Text(text) if text.is_empty() => Some(Self(None)),
            _ => Map::from_cell(cell).map(Some).map(Self),
        }
    }
}

/// A page of the feed. Outcomes and runs belong to no site.
pub(super) fn events(
    scope: &Scope,
    page: &Page<3>,
    kind: Option<EventType>,
    site: Option<&str>,
) -> Scoped {
    let mut params = page.descending();
    // The limit comes last.
    let at = params.len().saturating_sub(1);
    params.insert(at, Param::from(kind.map(EventType::as_str)));
    match (site, kind) {
        (Some(site), _) => {
            params.push(Param::from(site));
            scope.statement(SITE_EVENTS, params)
        }
        (None, Some(kind)) if kind.is_outcome() => scope.list(OUTCOMES_OF_TYPE, params),
        (None, _) => scope.list(EVENTS, params),
    }
}
