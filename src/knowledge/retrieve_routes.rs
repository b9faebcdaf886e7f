//! `POST /portal/knowledge/retrieve` and `POST /portal/knowledge/reindex`.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use super::policies::{POLICIES_IN_SCOPE, Policies, PolicyRow, TriggeredPolicy};
use super::rebuild;
use super::retrieval::{self, Passage, Question};
use super::unsettled::{UNSETTLED_IN_SCOPE, Unsettled};
use crate::auth::permission::{Access, Administer, Read, Tenant};
use crate::body;
use crate::error::{Error, Result};
use crate::http::body::{Member, ReadOrNothing};
use crate::http::extract::{Json, Query};
use crate::ids::OrgId;
use crate::time::StoredTime;

/// Results, if none or no number is asked for, and at most.
const RESULTS: u32 = 5;
const MOST_RESULTS: u32 = 20;
/// Longest question, in characters: as of visitors.
const LONGEST_QUESTION: usize = 5_000;

/// How many results are asked for: brought into the bounds; what is no number counts as absent.
#[derive(Debug, Clone, Copy)]
pub struct Limit(u32);

impl Limit {
    fn of(number: Option<f64>) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to 20")]
        let bounded = |number: f64| number.clamp(1.0, f64::from(MOST_RESULTS)) as u32;
        Self(number.filter(|number| number.is_finite()).map_or(RESULTS, bounded))
    }
}

impl Member for Limit {
    fn from_member(value: Value) -> Result<Self, String> {
        Ok(Self::of(value.as_f64()))
    }
}

body! {
    /// A question. Without a body, `?q=` and `?limit=` count.
    pub struct RetrieveIn {
        #[cfg_attr(not(target_arch = "wasm32"), schema(max_length = 5000))]
        query as "query": Option<String>,
        /// 1 to 20; 5 if absent.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<crate::http::body::Whole<1, 20>>))]
        limit as "limit": Option<Limit>,
    }
}

/// The passages that answer a question best.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RetrievedOut {
    query: String,
    /// Best first.
    results: Vec<ResultOut>,
    /// Ids of all policies that found something, also in what is left out.
    policies_triggered: Vec<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct ResultOut {
    chunk_id: String,
    document_id: String,
    source_id: String,
    version_id: String,
    content: String,
    /// How much of the question's topic the passage speaks to, from 0 to 1.
    score: f64,
    /// Always one.
    citations: [ResultCitation; 1],
    /// Ids of the policies that masked or reported something in it.
    policies_triggered: Vec<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
struct ResultCitation {
    chunk_id: String,
    source_id: String,
    version_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
}

impl From<Passage> for ResultOut {
    fn from(passage: Passage) -> Self {
        Self {
            citations: [ResultCitation {
                chunk_id: passage.chunk_id.clone(),
                source_id: passage.source_id.clone(),
                version_id: passage.version_id.clone(),
                pointer: passage.page_label,
            }],
            policies_triggered: ids(&passage.triggered),
            chunk_id: passage.chunk_id,
            document_id: passage.document_id.to_string(),
            source_id: passage.source_id,
            version_id: passage.version_id,
            content: passage.content,
            score: passage.score,
        }
    }
}

/// The policies, each once.
fn ids(triggered: &[TriggeredPolicy]) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for policy in triggered {
        if !ids.contains(&policy.policy_id) {
            ids.push(policy.policy_id.clone());
        }
    }
    ids
}

/// `POST /portal/knowledge/retrieve`: the passages of live versions that answer a question best, as the policies let
/// them be shown.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/knowledge/retrieve", tag = "Knowledge",
    params(("orgId" = Option<String>, Query), ("q" = Option<String>, Query, description = "The question, if the body has none"),
           ("limit" = Option<u32>, Query, description = "1 to 20; 5 if absent")),
    request_body = RetrieveIn,
    responses((status = 200, body = RetrievedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn retrieve_passages(
    access: Access<Read>,
    query: Query,
    ReadOrNothing(body): ReadOrNothing<RetrieveIn>,
) -> Result<Json<RetrievedOut>> {
    let Limit(limit) = body
        .limit
        .unwrap_or_else(|| Limit::of(query.text("limit").and_then(|text| text.parse().ok())));
    let asked = body.query.or_else(|| query.text("q").map(str::to_owned));
    let asked = judge_question(asked)?;
    let question = Question::of(&asked);
    let scope = access.scope();
    let (tenant, [policies, unsettled]) = access
        .read([scope.statement(POLICIES_IN_SCOPE, []), scope.statement(UNSETTLED_IN_SCOPE, [])])
        .await?;
    let org = one_org(tenant)?;
    let policies = Policies::of(&policies.all::<PolicyRow>()?);
    let unsettled = Unsettled::of(&unsettled)?;

    let found = retrieval::find(&access.op, &org, &question).await?;
    let (passages, triggered) = found.shown((&unsettled, &policies), limit);
    Ok(Json(RetrievedOut {
        query: asked,
        results: passages.into_iter().map(ResultOut::from).collect(),
        policies_triggered: ids(&triggered),
    }))
}

fn judge_question(asked: Option<String>) -> Result<String> {
    let asked = asked.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let asked = asked.ok_or_else(|| {
        Error::bad_request("query_required", "query is required")
            .hint("Send {\"query\": \"…\"}, or ?q=….")
    })?;
    if asked.chars().nth(LONGEST_QUESTION).is_some() {
        return Err(Error::bad_request("query_too_long", "query is too long")
            .hint(format!("A question has at most {LONGEST_QUESTION} characters.")));
    }
    Ok(asked)
}

fn one_org(tenant: Tenant) -> Result<OrgId> {
    match tenant {
        Tenant::Org(org) => Ok(org),
        Tenant::All => Err(Error::bad_request("org_required", "Organization required")
            .hint("A search is about one organization; name it with ?orgId=.")),
    }
}

/// What was asked for.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct ReindexResultOut {
    reindex: ReindexOut,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
struct ReindexOut {
    org_id: String,
    requested_at: StoredTime,
}

/// `POST /portal/knowledge/reindex`: has the org's part of the full-text index written anew, bit by bit, while it is
/// used. Asked for again, it begins again.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/knowledge/reindex", tag = "Knowledge",
    params(("orgId" = Option<String>, Query)),
    responses((status = 202, body = ReindexResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn request_reindex(access: Access<Administer>) -> Result<Response> {
    let (grant, []) = access.grant([]).await?;
    let requested_at = rebuild::request(&grant).await?;
    let reindex = ReindexOut { org_id: grant.org.to_string(), requested_at };
    Ok((StatusCode::ACCEPTED, Json(ReindexResultOut { reindex })).into_response())
}
