//! Documents of which the index may say what is no longer so: those that it has yet to be told of.
//!
//! `DB` knows them exactly (`knowledge_documents.index_due_at`, `knowledge_removals`), as they are marked in the
//! transaction of the change. So a reader asks for them in the round trip that it makes anyway, and leaves out what
//! the index then says of their other versions, however late the index is.

use std::collections::BTreeMap;

use super::retrieval::Passage;
use crate::db::Rows;
use crate::error::Result;
use crate::{row, scoped_sql, sql};

/// The documents of the org of a turn, for [`Unsettled::of`]; its values are those of `chat/sql/named.sql`.
pub const UNSETTLED_OF_FOUND: &str = sql!("../chat/sql/named.sql", "sql/unsettled_of_found.sql");
/// The same of the org of a portal request.
pub(super) const UNSETTLED_IN_SCOPE: &str = scoped_sql!("sql/unsettled_in_scope.sql");

row! {
    #[expect(clippy::struct_field_names, reason = "named as the columns are")]
    struct UnsettledRow {
        document_id: String,
        live_version_id: Option<String>,
        publishing_version_id: Option<String>,
    }
}

/// Documents with the versions that may be shown of them.
#[derive(Debug, Default)]
pub struct Unsettled(BTreeMap<String, [Option<String>; 2]>);

impl Unsettled {
    /// Reads the result of [`UNSETTLED_OF_FOUND`].
    pub fn of(rows: &Rows) -> Result<Self> {
        let rows: Vec<UnsettledRow> = rows.all()?;
        let shown =
            |row: UnsettledRow| (row.document_id, [row.live_version_id, row.publishing_version_id]);
        Ok(Self(rows.into_iter().map(shown).collect()))
    }

    /// Whether the passage is of a version that may be shown.
    pub fn allows(&self, passage: &Passage) -> bool {
        let version = Some(passage.version_id.as_str());
        self.0
            .get(passage.document_id.as_str())
            .is_none_or(|shown| shown.iter().any(|shown| shown.as_deref() == version))
    }
}
