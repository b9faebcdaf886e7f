//! The statements and rows of sources, documents, versions, chunks, policies and jobs.

use serde::Serialize;
use serde_json::{Map, Value};

use super::redaction::Redacted;
use crate::auth::permission::{ListSql, Scope, Scoped};
use crate::db::Param;
use crate::page::Page;
use crate::time::StoredTime;
use crate::{list_sql, row, scoped_sql};

const SOURCES: ListSql = list_sql!("sql/sources.sql");
const DOCUMENTS: ListSql = list_sql!("sql/documents.sql");
const POLICIES_CHANGED: ListSql = list_sql!("sql/policies_changed.sql");
const JOBS: ListSql = list_sql!("sql/jobs.sql");
const POLICIES: ListSql = list_sql!("sql/policies.sql");
const DOCUMENT_SEEN: &str = scoped_sql!("sql/document_seen.sql");
const VERSIONS: &str = scoped_sql!("sql/versions.sql");
const VERSION_SEEN: &str = scoped_sql!("sql/version_seen.sql");
const CHUNKS: &str = scoped_sql!("sql/chunks.sql");

/// Jobs that the screen of an org's knowledge shows.
const MOST_JOBS: u32 = 25;

row! {
    /// Where documents come from.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    pub(super) struct KnowledgeSourceOut {
        id: String,
        org_id: String,
        name: String,
        /// `file`, `url`, `notion`, `google_drive`, `s3` or `webhook`.
        r#type: String,
        /// `connected`, `syncing`, `error` or `paused`.
        status: String,
        sync_cursor: Option<String>,
        last_synced_at: Option<StoredTime>,
        created_at: StoredTime,
        updated_at: StoredTime,
        /// `[redacted]` stands where a secret is.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
        config: Redacted,
        error_message: Option<String>,
    }
}

impl KnowledgeSourceOut {
    pub(super) fn key(&self) -> [String; 2] {
        [self.updated_at.stored(), self.id.clone()]
    }
}

row! {
    /// A document.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    pub(super) struct KnowledgeDocumentOut {
        id: String,
        org_id: String,
        source_id: String,
        title: String,
        path: Option<String>,
        external_id: Option<String>,
        /// `processing`, `ready`, `failed` or `archived`.
        status: String,
        live_version_id: Option<String>,
        checksum: Option<String>,
        mime_type: Option<String>,
        size_bytes: Option<i64>,
        created_at: StoredTime,
        updated_at: StoredTime,
    }
}

impl KnowledgeDocumentOut {
    pub(super) fn key(&self) -> [String; 2] {
        [self.updated_at.stored(), self.id.clone()]
    }
}

row! {
    /// What answers must keep to.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    pub struct PolicyOut {
        pub(super) id: String,
        org_id: String,
        pub(super) name: String,
        pub(super) description: Option<String>,
        pub(super) rules: Vec<Value>,
        created_at: StoredTime,
        updated_at: StoredTime,
    }
}

impl PolicyOut {
    pub(super) fn changed_key(&self) -> [String; 2] {
        [self.updated_at.stored(), self.id.clone()]
    }

    pub(super) fn name_key(&self) -> [String; 2] {
        [self.name.clone(), self.id.clone()]
    }
}

row! {
    /// A job that reads a source or a document.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    pub(super) struct KnowledgeJobOut {
        id: String,
        org_id: String,
        source_id: Option<String>,
        document_id: Option<String>,
        version_id: Option<String>,
        /// `ingest_source`, `ingest_document`, `rechunk`, `embed` or `sync`.
        r#type: String,
        /// `pending`, `processing`, `succeeded` or `failed`.
        status: String,
        error_message: Option<String>,
        created_at: StoredTime,
        updated_at: StoredTime,
    }
}

row! {
    /// A version of a document.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct KnowledgeVersionOut {
        id: String,
        document_id: String,
        org_id: String,
        version_number: i64,
        /// `draft`, `live` or `archived`.
        stage: String,
        #[serde(rename = "is_live")]
        is_live: bool,
        checksum: Option<String>,
        chunk_count: i64,
        token_count: i64,
        created_at: StoredTime,
        created_by: Option<String>,
        change_note: Option<String>,
    }
}

impl KnowledgeVersionOut {
    pub(super) fn is_live(&self) -> bool {
        self.is_live
    }

    pub(super) fn key(&self) -> [String; 2] {
        [self.version_number.to_string(), self.id.clone()]
    }
}

row! {
    /// A passage of a version.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct KnowledgeChunkOut {
        id: String,
        version_id: String,
        org_id: String,
        content: String,
        token_count: i64,
        page_label: Option<String>,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
        metadata: Map<String, Value>,
    }
}

impl KnowledgeChunkOut {
    pub(super) fn key(&self) -> [String; 2] {
        [self.page_label.clone().unwrap_or_default(), self.id.clone()]
    }
}

pub(super) fn sources(scope: &Scope, page: &Page<2>) -> Scoped {
    scope.list(SOURCES, page.descending())
}

pub(super) fn documents(scope: &Scope, page: &Page<2>) -> Scoped {
    scope.list(DOCUMENTS, page.descending())
}

pub(super) fn policies_changed(scope: &Scope, page: &Page<2>) -> Scoped {
    scope.list(POLICIES_CHANGED, page.descending())
}

pub(super) fn jobs(scope: &Scope) -> Scoped {
    scope.list(JOBS, vec![Param::from(MOST_JOBS)])
}

pub(super) fn policies(scope: &Scope, page: &Page<2>) -> Scoped {
    scope.list(POLICIES, page.ascending())
}

/// Whether the document is there, and its versions.
pub(super) fn versions(scope: &Scope, page: &Page<2>, document: &str) -> [Scoped; 2] {
    let document = Param::from(document);
    let mut params = vec![document.clone()];
    params.extend(page.descending());
    [scope.statement(DOCUMENT_SEEN, [document]), scope.statement(VERSIONS, params)]
}

/// Whether the version is there, and its chunks.
pub(super) fn chunks(scope: &Scope, page: &Page<2>, version: &str) -> [Scoped; 2] {
    let version = Param::from(version);
    let mut params = vec![version.clone()];
    params.extend(page.ascending());
    [scope.statement(VERSION_SEEN, [version]), scope.statement(CHUNKS, params)]
}
