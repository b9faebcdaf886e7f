//! Documents of which the index may say what is no longer so: those that it has yet to be told of.
//!
//! `DB` knows them exactly (`knowledge_documents.index_due_at`, `knowledge_removals`), as they are marked in the
//! transaction of the change. So a reader asks for them in the round trip that it makes anyway, and leaves out what
//! the index then says of their other versions, however late the index is.

use std::collections::{BTreeMap, BTreeSet};

use super::retrieval::Passage;
use crate::chat::named_site_sql;
use crate::db::Rows;
use crate::error::Result;
use crate::{row, scoped_sql};

/// The documents of the org of a turn, for [`Unsettled::of`]; its values are those of `chat/sql/named.sql` alone.
pub const UNSETTLED_OF_NAMED: &str = named_site_sql!("sql/unsettled_of_named.sql");
/// The same of the org of a portal request.
pub(super) const UNSETTLED_IN_SCOPE: &str = scoped_sql!("sql/unsettled_in_scope.sql");

row! {
    #[expect(clippy::struct_field_names, reason = "named as the columns are")]
    struct UnsettledRow {
        /// None for a source that is being deleted.
        document_id: Option<String>,
        source_id: Option<String>,
        live_version_id: Option<String>,
        publishing_version_id: Option<String>,
    }
}

/// Documents with the versions that may be shown of them, and sources of which nothing may.
#[derive(Debug, Default)]
pub struct Unsettled {
    documents: BTreeMap<String, [Option<String>; 2]>,
    removed_sources: BTreeSet<String>,
}

impl Unsettled {
    /// Reads the result of [`UNSETTLED_OF_NAMED`].
    pub fn of(rows: &Rows) -> Result<Self> {
        let rows: Vec<UnsettledRow> = rows.all()?;
        let mut unsettled = Self::default();
        for row in rows {
            unsettled.removed_sources.extend(row.source_id);
            let shown = [row.live_version_id, row.publishing_version_id];
            unsettled.documents.extend(row.document_id.map(|document| (document, shown)));
        }
        Ok(unsettled)
    }

    /// Whether the passage is of a version that may be shown.
    pub fn allows(&self, passage: &Passage) -> bool {
        let version = Some(passage.version_id.as_str());
        let is_removed = self.removed_sources.contains(passage.source_id.as_str());
        let shown = self.documents.get(passage.document_id.as_str());
        !is_removed
            && shown.is_none_or(|shown| shown.iter().any(|shown| shown.as_deref() == version))
    }
}
