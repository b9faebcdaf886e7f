//! The clients' statement and rows.

use serde_json::Value;

use crate::auth::permission::{Scope, Scoped};
use crate::db::Param;
use crate::page::{LAST, Page};
use crate::time::StoredTime;
use crate::{row, scoped_sql};

const CLIENTS: &str = scoped_sql!("sql/clients.sql");

row! {
    /// An org and its newest day.
    #[derive(Debug)]
    pub(super) struct ClientRow {
        pub(super) id: String,
        pub(super) name: String,
        pub(super) slug: Option<String>,
        pub(super) status: String,
        pub(super) plan: String,
        pub(super) created_at: Option<StoredTime>,
        pub(super) site_count: i64,
        /// Day, sessions, last moment; null for an org that nobody talked to.
        pub(super) newest_day: Value,
    }
}

impl ClientRow {
    /// Where the next page goes on.
    pub(super) fn key(&self) -> [String; 3] {
        [self.status.clone(), self.name.clone(), self.id.clone()]
    }

    /// Sessions that began on this day.
    pub(super) fn sessions_of(&self, day: &str) -> i64 {
        let is_of_day = self.newest_day.get(0).and_then(Value::as_str) == Some(day);
        let sessions = self.newest_day.get(1).and_then(Value::as_i64);
        sessions.filter(|_| is_of_day).unwrap_or_default()
    }

    /// When somebody last talked to one of its sites.
    pub(super) fn last_activity(&self) -> Option<StoredTime> {
        let moment = self.newest_day.get(2).and_then(Value::as_str)?;
        Some(StoredTime::from(moment.to_owned()))
    }
}

/// A page of the clients.
pub(super) fn clients(
    scope: &Scope,
    page: &Page<3>,
    status: Option<&'static str>,
    search: Option<&str>,
) -> Scoped {
    let mut params = page.ascending();
    // The first page of one status begins where the status does.
    if let (Some(status), Some(first)) = (status, params.first_mut())
        && *first == Param::from("")
    {
        *first = Param::from(status);
    }
    params.push(Param::from(status.unwrap_or(LAST)));
    params.push(Param::from(search.map(str::to_ascii_lowercase)));
    scope.statement(CLIENTS, params)
}
