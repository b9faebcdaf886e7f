//! The statements and rows of changes to sources.

use serde_json::{Map, Value, json};

use super::fetching;
use super::redaction;
use super::room;
use super::store::KnowledgeSourceOut;
use crate::audit::Entry;
use crate::auth::permission::{Grant, Scope, Scoped};
use crate::db::{Param, Rows, Statement};
use crate::error::{Error, Result};
use crate::http::body::{Text, invalid};
use crate::{body, choice, row, scoped_sql, sql, statement};

const SOURCE_TARGET: &str = scoped_sql!("sql/source_target.sql");
const SOURCE_OF_ORG: &str = sql!("sql/source_of_org.sql");
const SOURCE_INSERT: &str = sql!("sql/source_insert.sql");
const SOURCE_UPDATE: &str = sql!("sql/source_update.sql");
const SOURCE_REMOVE: &str = sql!("sql/source_remove.sql");

/// Longest `config`, in bytes of JSON.
const LONGEST_CONFIG: usize = 32 * 1024;

choice! {
    /// Where documents come from.
    pub enum SourceType {
        /// Files that people send.
        File = "file",
        /// A web site.
        Url = "url",
        /// Notion.
        Notion = "notion",
        /// Google Drive.
        GoogleDrive = "google_drive",
        /// A bucket.
        S3 = "s3",
        /// What another system sends.
        Webhook = "webhook",
    }
}

choice! {
    /// How a source is.
    pub enum SourceStatus {
        /// It is in use.
        Connected = "connected",
        /// It is being read.
        Syncing = "syncing",
        /// It could not be read.
        Error = "error",
        /// It is not read for a while.
        Paused = "paused",
    }
}

choice! {
    /// What people make of a source.
    pub enum SourceSwitch {
        /// It is read.
        Connected = "connected",
        /// It is not read for a while.
        Paused = "paused",
    }
}

body! {
    /// A new source.
    pub struct SourceIn {
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Text<1, 200>))]
        name as "name": Option<Text<0, 200>>,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = SourceType))]
        kind as "type": Option<SourceType>,
        /// `connected` if absent.
        status as "status": Option<SourceStatus>,
        /// What reading it needs; holds no secrets.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Object>))]
        config as "config": Option<Map<String, Value>>,
    }
}

body! {
    /// Changes to a source: what is absent stays.
    pub struct SourcePatch {
        name as "name": Option<Text<1, 200>>,
        status as "status": Option<SourceSwitch>,
        /// Takes the place of the whole `config`.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Object>))]
        config as "config": Option<Map<String, Value>>,
    }
}

impl SourcePatch {
    /// Names of the members that are sent.
    pub(super) fn fields(&self) -> Vec<&'static str> {
        let members = [
            ("name", self.name.is_some()),
            ("status", self.status.is_some()),
            ("config", self.config.is_some()),
        ];
        members.into_iter().filter(|(_, is_sent)| *is_sent).map(|(name, _)| name).collect()
    }
}

row! {
    /// A source that is to be changed.
    #[derive(Debug)]
    pub(super) struct SourceRow {
        pub(super) id: String,
        pub(super) name: String,
        pub(super) r#type: Option<SourceType>,
        pub(super) status: String,
        pub(super) config: Map<String, Value>,
    }
}

pub(super) fn source_target(scope: &Scope, id: &str) -> Scoped {
    scope.statement(SOURCE_TARGET, [Param::from(id)])
}

/// Judges what a source is told, and completes it.
pub(super) fn judged(
    grant: &Grant,
    kind: SourceType,
    config: Map<String, Value>,
) -> Result<Map<String, Value>> {
    let length = serde_json::to_vec(&config).map_or(usize::MAX, |json| json.len());
    if length > LONGEST_CONFIG {
        return Err(invalid("config", "must have at most 32 KiB as JSON"));
    }
    if let Some(name) = redaction::secret_of(&config) {
        let expected = format!(
            "must hold no secrets, and \"{name}\" is one; leave it out, or \"config\" altogether to keep what is stored"
        );
        return Err(invalid("config", &expected));
    }
    fetching::judged(grant.op(), kind, config)
}

fn config_json(config: Map<String, Value>) -> String {
    Value::Object(config).to_string()
}

fn entry<'a>(event: &'static str, id: &'a str, metadata: Value) -> Entry<'a> {
    Entry { event, target_type: "knowledge_source", target_id: id, metadata }
}

/// Writes a change with its trace, and what follows from it; gives the source after it.
async fn change(
    grant: &Grant,
    id: &str,
    change: Statement,
    entry: &Entry<'_>,
    further: Vec<Statement>,
) -> Result<Option<KnowledgeSourceOut>> {
    let mut batch = vec![change, grant.audit(entry)?];
    batch.extend(further);
    batch.push(grant.statement(SOURCE_OF_ORG, [Param::from(id)]));
    let rows = grant.write(batch).await?;
    rows.last().map_or(Ok(None), Rows::first)
}

pub(super) async fn source_insert(
    grant: &Grant,
    id: &str,
    source: SourceIn,
) -> Result<KnowledgeSourceOut> {
    let name = source.name.map(String::from).filter(|name| !name.is_empty());
    let (Some(name), Some(kind)) = (name, source.kind) else {
        return Err(Error::bad_request("name_and_type_required", "Name and type are required")
            .hint(
                "\"name\" is a text of 1 to 200 characters, \"type\" where documents come from.",
            ));
    };
    let config = match source.config {
        Some(config) => judged(grant, kind, config)?,
        None => Map::new(),
    };
    let now = grant.op().now();
    let reads =
        if config.is_empty() { Vec::new() } else { fetching::ask(grant, id, kind, &config, true)? };
    let insert = grant.statement(
        SOURCE_INSERT,
        [
            id.into(),
            name.as_str().into(),
            kind.into(),
            source.status.unwrap_or(SourceStatus::Connected).into(),
            config_json(config).into(),
            now.into(),
        ],
    );
    let metadata = json!({"name": name, "type": kind});
    let entry = entry("knowledge.source.created", id, metadata);
    if let Some(source) = change(grant, id, insert, &entry, reads).await? {
        return Ok(source);
    }
    let full = room::of_source(grant.op(), &grant.org).await?;
    Err(full.unwrap_or_else(|| Error::internal("a source that was made is not there")))
}

pub(super) async fn source_update(
    grant: &Grant,
    source: &SourceRow,
    patch: SourcePatch,
) -> Result<Option<KnowledgeSourceOut>> {
    let fields = patch.fields();
    let kind = source.r#type.unwrap_or(SourceType::File);
    let config = patch.config.map(|config| judged(grant, kind, config)).transpose()?;
    // Another configuration is another site: also of a source that is paused, for when it goes on.
    let reads = match &config {
        Some(config) => fetching::ask(grant, &source.id, kind, config, true)?,
        None => Vec::new(),
    };
    let update = grant.statement(
        SOURCE_UPDATE,
        [
            source.id.as_str().into(),
            patch.name.map(|name| name.0).into(),
            patch.status.into(),
            config.map(config_json).into(),
            grant.op().now().into(),
        ],
    );
    let entry = entry("knowledge.source.updated", &source.id, json!({"fields": fields}));
    change(grant, &source.id, update, &entry, reads).await
}

/// Says that a source is being deleted; gives whether it was there.
pub(super) async fn source_remove(grant: &Grant, source: &SourceRow) -> Result<bool> {
    let params = [source.id.as_str().into(), grant.op().now().into()];
    let remove = grant.statement(SOURCE_REMOVE, params);
    let metadata = json!({"name": source.name});
    let entry = entry("knowledge.source.deleted", &source.id, metadata);
    let rows = grant.write(vec![remove, grant.audit(&entry)?]).await?;
    Ok(rows.first().map_or(Ok(0), Rows::count)? > 0)
}

/// Asks for a source to be read now.
pub(super) async fn source_sync(
    grant: &Grant,
    source: &SourceRow,
    kind: SourceType,
) -> Result<Option<KnowledgeSourceOut>> {
    let mut reads = fetching::ask(grant, &source.id, kind, &source.config, false)?.into_iter();
    let first = reads.next().ok_or_else(|| Error::internal("nothing reads this source"))?;
    let entry = entry("knowledge.source.sync_requested", &source.id, json!({}));
    change(grant, &source.id, first, &entry, reads.collect()).await
}

/// The source of what belongs to no other: questions with their answers.
pub(super) fn source_of_pairs(grant: &Grant) -> (String, Statement) {
    let id = format!("qa-{}", grant.org);
    let (kind, status) = (SourceType::File.as_str(), SourceStatus::Connected.as_str());
    let name = "Questions and answers";
    let now = grant.op().now();
    let insert = statement!(SOURCE_INSERT, &grant.org, id.as_str(), name, kind, status, "{}", now);
    (id, insert)
}
