//! The statements and rows of changes to versions.

use serde_json::{Value, json};

use super::ingestion;
use super::store::KnowledgeVersionOut;
use crate::audit::Entry;
use crate::auth::permission::{Grant, Scope, Scoped};
use crate::db::{Param, Rows, Statement};
use crate::error::Result;
use crate::{row, scoped_sql, sql};

const VERSION_TARGET: &str = scoped_sql!("sql/version_target.sql");
const VERSION_OF_ORG: &str = sql!("sql/version_of_org.sql");
const VERSION_ARCHIVE: &str = sql!("sql/version_archive.sql");
const DOCUMENT_WITHDRAW: &str = sql!("sql/document_withdraw.sql");

row! {
    /// A version that is to be changed.
    #[derive(Debug)]
    pub(super) struct VersionRow {
        pub(super) id: String,
        pub(super) document_id: String,
        pub(super) stage: String,
        pub(super) chunk_count: i64,
        /// Whether its text is no longer kept.
        pub(super) is_emptied: bool,
        pub(super) document_status: String,
        /// What is live of its document, or about to be.
        pub(super) published_version_id: Option<String>,
    }
}

pub(super) fn version_target(scope: &Scope, id: &str) -> Scoped {
    scope.statement(VERSION_TARGET, [Param::from(id)])
}

/// Writes a change with its trace; gives the version after it.
async fn change(
    grant: &Grant,
    id: &str,
    statements: Vec<Statement>,
) -> Result<Option<KnowledgeVersionOut>> {
    let mut batch = statements;
    batch.push(grant.statement(VERSION_OF_ORG, [Param::from(id)]));
    let rows = grant.write(batch).await?;
    rows.last().map_or(Ok(None), Rows::first)
}

fn entry<'a>(event: &'static str, id: &'a str, metadata: Value) -> Entry<'a> {
    Entry { event, target_type: "knowledge_version", target_id: id, metadata }
}

/// Asks for a version to be published, unless that is done.
pub(super) async fn version_publish(
    grant: &Grant,
    version: &VersionRow,
    event: &'static str,
    metadata: Value,
    is_done: bool,
) -> Result<Option<KnowledgeVersionOut>> {
    let (document, id) = (version.document_id.as_str(), version.id.as_str());
    let mut statements = Vec::new();
    if !is_done {
        statements = ingestion::version_publish(grant.op(), &grant.org, document, id);
        statements.push(grant.audit(&entry(event, id, metadata))?);
    }
    change(grant, id, statements).await
}

/// Archives a version; its document shows it no more.
pub(super) async fn version_archive(
    grant: &Grant,
    version: &VersionRow,
) -> Result<Option<KnowledgeVersionOut>> {
    let (now, id) = (grant.op().now(), version.id.as_str());
    let document = version.document_id.as_str();
    let metadata = json!({"documentId": document, "stage": version.stage});
    let statements = vec![
        grant.statement(VERSION_ARCHIVE, [id.into()]),
        grant.audit(&entry("knowledge.version.archived", id, metadata))?,
        grant.statement(
            DOCUMENT_WITHDRAW,
            [document.into(), id.into(), now.into(), now.millis().into()],
        ),
    ];
    change(grant, id, statements).await
}

/// Asks for a version's text to be cut anew. Only of the one that is live or about to be does the index hear.
pub(super) async fn version_rechunk(
    grant: &Grant,
    version: &VersionRow,
) -> Result<Option<KnowledgeVersionOut>> {
    let id = version.id.as_str();
    let is_shown = version.published_version_id.as_deref() == Some(id);
    let metadata = json!({"documentId": version.document_id});
    let mut statements = ingestion::job_insert(grant.op(), &grant.org, id, "rechunk", is_shown)?;
    statements.push(grant.audit(&entry("knowledge.version.rechunk_requested", id, metadata))?);
    change(grant, id, statements).await
}
