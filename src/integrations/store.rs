//! The statements and rows of connections.

use crate::auth::permission::{ListSql, Scope, Scoped};
use crate::page::Page;
use crate::time::StoredTime;
use crate::{choice, list_sql, row};

const CONNECTIONS: ListSql = list_sql!("sql/connections.sql");

choice! {
    /// How well a connection works.
    pub(super) enum Health {
        /// As it should.
        Healthy = "healthy",
        /// With trouble.
        Warning = "warning",
        /// Not at all.
        Error = "error",
    }
}

row! {
    /// A connection.
    #[derive(Debug)]
    pub(super) struct ConnectionRow {
        pub(super) id: String,
        pub(super) org_id: String,
        pub(super) connector: String,
        pub(super) status: String,
        pub(super) last_refreshed_at: Option<StoredTime>,
        pub(super) expires_at: Option<StoredTime>,
        pub(super) health_status: Option<Health>,
        pub(super) health_detail: Option<String>,
        pub(super) created_at: StoredTime,
        pub(super) updated_at: StoredTime,
    }
}

pub(super) fn connections(scope: &Scope, page: &Page<2>) -> Scoped {
    scope.list(CONNECTIONS, page.descending())
}
