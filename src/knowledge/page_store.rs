//! The statement and rows of a web site's pages, as people look at them.

use serde::Serialize;

use super::crawl::{Outcome, PageState};
use crate::auth::permission::{Scope, Scoped};
use crate::db::Param;
use crate::page::Page;
use crate::time::StoredTime;
use crate::{row, scoped_sql};

const PAGES_SOURCE: &str = scoped_sql!("sql/pages_source.sql");
const PAGES: &str = scoped_sql!("sql/pages.sql");

row! {
    /// A page of a web site, as far as it is known.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    pub(super) struct KnowledgePageOut {
        id: String,
        source_id: String,
        org_id: String,
        url: String,
        state: PageState,
        /// What the last visit that ended found; none before it.
        outcome: Option<Outcome>,
        /// Links from the start page.
        depth: i64,
        document_id: Option<String>,
        /// Why it is not, or no more, taken in.
        error: Option<String>,
        /// Visits in a row that failed.
        attempts: i64,
        /// The last visit.
        fetched_at: Option<StoredTime>,
        /// When it was last found to have another content.
        changed_at: Option<StoredTime>,
        /// The next visit; none if there is none by itself.
        next_at: Option<StoredTime>,
    }
}

impl KnowledgePageOut {
    pub(super) fn key(&self) -> [String; 2] {
        [self.url.clone(), self.id.clone()]
    }
}

/// Whether the caller may see the source, and its pages.
pub(super) fn pages(scope: &Scope, page: &Page<2>, source: &str) -> [Scoped; 2] {
    let source = Param::from(source);
    let mut params = vec![source.clone()];
    params.extend(page.ascending());
    [scope.statement(PAGES_SOURCE, [source]), scope.statement(PAGES, params)]
}
