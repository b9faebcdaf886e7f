//! The statements and rows of sites.

use crate::auth::permission::{Scope, Scoped};
use crate::chat::SESSION_ACTIVE_FOR;
use crate::db::Param;
use crate::time::{StoredTime, Timestamp};
use crate::{row, scoped_sql};

const ENGINES: &str = scoped_sql!("sql/engines.sql");

row! {
    /// A site and how busy it is.
    #[derive(Debug)]
    pub(super) struct EngineRow {
        pub(super) id: String,
        pub(super) name: String,
        pub(super) r#type: Option<String>,
        pub(super) domain: Option<String>,
        pub(super) status: Option<String>,
        pub(super) created_at: Option<StoredTime>,
        pub(super) org_name: Option<String>,
        pub(super) active_sessions: i64,
        pub(super) today_sessions: i64,
    }
}

pub(super) fn engines(scope: &Scope, now: Timestamp) -> Scoped {
    let params = [Param::from(now.minus(SESSION_ACTIVE_FOR)), Param::from(now.date())];
    scope.statement(ENGINES, params)
}
