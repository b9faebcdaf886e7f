//! `GET /portal/knowledge/jobs` and `POST /portal/knowledge/jobs/{id}/retry`.

use serde::Serialize;
use serde_json::json;

use super::ingestion::run_soon;
use crate::audit::Entry;
use crate::auth::permission::{Access, ListSql, Read, Write};
use crate::db::{Param, Rows};
use crate::error::{Error, Result};
use crate::http::extract::{Json, Path, Query};
use crate::time::StoredTime;
use crate::{list_sql, row, scoped_sql, sql};

const JOB_LIST: ListSql = list_sql!("sql/job_list.sql");
const JOB_TARGET: &str = scoped_sql!("sql/job_target.sql");
const JOB_OF_ORG: &str = sql!("sql/job_of_org.sql");
const JOB_RETRY: &str = sql!("sql/job_retry.sql");
const DOCUMENT_AGAIN: &str = sql!("sql/document_again.sql");

row! {
    /// A job and how it goes.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    struct IngestionJobOut {
        id: String,
        org_id: String,
        source_id: Option<String>,
        document_id: Option<String>,
        version_id: Option<String>,
        /// `ingest_source`, `ingest_document`, `rechunk`, `embed` or `sync`.
        r#type: String,
        /// `pending`, `processing`, `succeeded` or `failed`.
        status: String,
        /// What went wrong the last time.
        error_message: Option<String>,
        /// How often it was begun; after five it fails.
        attempts: i64,
        /// When it is begun again; absent unless it waits.
        next_attempt_at: Option<StoredTime>,
        created_at: StoredTime,
        updated_at: StoredTime,
    }
}

impl IngestionJobOut {
    fn key(&self) -> [String; 2] {
        [self.updated_at.stored(), self.id.clone()]
    }
}

row! {
    #[derive(Debug)]
    struct JobTargetRow {
        status: String,
        r#type: String,
        document_id: Option<String>,
    }
}

/// A page of jobs.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct IngestionJobsOut {
    jobs: Vec<IngestionJobOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// One job.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct OneIngestionJobOut {
    job: IngestionJobOut,
}

/// `GET /portal/knowledge/jobs`: work on sources and documents, last changed first; for staff without an org, of all
/// orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/knowledge/jobs", tag = "Knowledge",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 100; 50 if absent"),
           ("cursor" = Option<String>, Query)),
    responses((status = 200, body = IngestionJobsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_jobs(access: Access<Read>, query: Query) -> Result<Json<IngestionJobsOut>> {
    let page = query.page(50, 100)?;
    let statement = access.scope().list(JOB_LIST, page.descending());
    let (_tenant, [jobs]) = access.read([statement]).await?;
    let (jobs, next_cursor) = page.cut(jobs.all()?, IngestionJobOut::key);
    Ok(Json(IngestionJobsOut { jobs, next_cursor }))
}

/// `POST /portal/knowledge/jobs/{id}/retry`: begins a job that failed, or that waits, again now.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/knowledge/jobs/{id}/retry", tag = "Knowledge",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, body = OneIngestionJobOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn retry_job(
    access: Access<Write>,
    Path(id): Path<String>,
) -> Result<Json<OneIngestionJobOut>> {
    let target = access.scope().statement(JOB_TARGET, [Param::from(id.as_str())]);
    let (grant, target, []) =
        access.grant_for::<JobTargetRow, 0>(target, job_not_found, []).await?;
    if !matches!(target.status.as_str(), "failed" | "pending") {
        return Err(job_not_failed());
    }
    let job = || Param::from(id.as_str());
    let metadata =
        json!({"type": target.r#type, "documentId": target.document_id, "status": target.status});
    let entry = Entry {
        event: "knowledge.job.retried",
        target_type: "knowledge_ingestion_job",
        target_id: &id,
        metadata,
    };
    let batch = vec![
        grant.statement(JOB_RETRY, [job(), grant.op().now().into()]),
        grant.audit(&entry)?,
        grant.statement(DOCUMENT_AGAIN, [job()]),
        grant.statement(JOB_OF_ORG, [job()]),
    ];
    let rows = grant.write(batch).await?;
    if rows.first().map_or(Ok(0), Rows::count)? == 0 {
        return Err(job_not_failed());
    }
    run_soon(grant.op());
    let job = rows.last().map_or(Ok(None), Rows::first)?;
    Ok(Json(OneIngestionJobOut { job: job.ok_or_else(job_not_found)? }))
}

#[cold]
#[track_caller]
fn job_not_found() -> Error {
    Error::not_found("job_not_found", "Job not found")
        .hint("There is no such job, or it belongs to another organization.")
}

#[cold]
#[track_caller]
fn job_not_failed() -> Error {
    Error::conflict("job_not_failed", "Job has not failed")
        .hint("It is under way or done; only what failed or waits is begun again.")
}
