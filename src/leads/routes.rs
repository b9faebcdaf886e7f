//! `GET /portal/leads`, `GET /portal/leads/export.csv`, `GET`, `PATCH` and `DELETE /portal/leads/{id}`

use axum::response::Response;
use serde::Serialize;
use serde_json::json;

use super::store::{self, Filter, LeadOut, LeadPatch, TargetRow};
use crate::app::{BoxFuture, Op};
use crate::audit::Entry;
use crate::auth::permission::{Access, Administer, Read, Write};
use crate::db::Rows;
use crate::error::{Error, Result};
use crate::http::body::{self, invalid};
use crate::http::csv::{self, Lines, PAGE_ROWS, Pages, Record as _};
use crate::http::extract::{DeletedOut, Json, Path, Query};
use crate::page::Page;

#[track_caller]
fn not_found() -> Error {
    Error::not_found("lead_not_found", "Lead not found")
}

/// A page of leads.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LeadsOut {
    leads: Vec<LeadOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// `GET /portal/leads`: people who left a way to be reached, newest first; for staff without an org, in all
/// orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/leads", tag = "Conversations and leads",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 100; 50 if absent"),
           ("cursor" = Option<String>, Query), ("siteId" = Option<String>, Query), ("status" = Option<store::LeadStatus>, Query),
           ("from" = Option<String>, Query, description = "First day, UTC"), ("to" = Option<String>, Query, description = "Last day, UTC")),
    responses((status = 200, body = LeadsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_leads(access: Access<Read>, query: Query) -> Result<Json<LeadsOut>> {
    let page = query.page(50, 100)?;
    let filter = Filter::of(&query)?;
    let (_, (leads, next_cursor)) = store::leads(&access, &filter, &page).await?;
    Ok(Json(LeadsOut { leads, next_cursor }))
}

/// One lead.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct OneLeadOut {
    lead: LeadOut,
}

/// `GET /portal/leads/{id}`: one lead.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/leads/{id}", tag = "Conversations and leads",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, body = OneLeadOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn get_lead(access: Access<Read>, Path(id): Path<String>) -> Result<Json<OneLeadOut>> {
    let (_tenant, [lead]) = access.read([store::lead(access.scope(), &id)]).await?;
    Ok(Json(OneLeadOut { lead: lead.first()?.ok_or_else(not_found)? }))
}

/// `PATCH /portal/leads/{id}`: changes what is sent; `null` or an empty text clears a field.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(patch, path = "/portal/leads/{id}", tag = "Conversations and leads",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)), request_body = LeadPatch,
    responses((status = 200, body = OneLeadOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn update_lead(
    access: Access<Write>,
    Path(id): Path<String>,
    body::Read(patch): body::Read<LeadPatch>,
) -> Result<Json<OneLeadOut>> {
    let fields = patch.fields();
    if fields.is_empty() {
        return Err(Error::bad_request("no_fields", "No fields to update")
            .hint("Send one of status, notes, assignedTo, name, email, phone and company."));
    }
    if !patch.email_is_plausible() {
        return Err(invalid("email", "must be an e-mail address"));
    }
    let target = store::lead_to_change(access.scope(), &id, patch.assignee());
    let (grant, target, []) = access.grant_for::<TargetRow, 0>(target, not_found, []).await?;
    if target.anonymized_at.is_some() {
        return Err(Error::conflict("lead_anonymized", "Lead is anonymized")
            .hint("What was removed cannot be put back."));
    }
    if patch.assignee().is_some() && !target.is_assignable {
        return Err(invalid(
            "assignedTo",
            "must be the id of an active member of the organization",
        ));
    }

    let mut metadata = json!({ "fields": fields });
    if let Some(to) = patch.status
        && let Some(metadata) = metadata.as_object_mut()
    {
        metadata.insert("status".to_owned(), json!({ "from": target.status, "to": to }));
    }
    let entry = Entry { event: "lead.updated", target_type: "lead", target_id: &id, metadata };
    let statements = vec![store::lead_update(&grant, &id, &patch), grant.audit(&entry)?];
    let rows = grant.write(statements).await?;
    let lead = rows.first().map_or(Ok(None), Rows::first)?;
    // What was judged a moment ago holds no more.
    let lead = lead.ok_or_else(|| {
        Error::conflict("lead_changed", "Lead has changed").hint("Read it again, then try again.")
    })?;
    Ok(Json(OneLeadOut { lead }))
}

/// `DELETE /portal/leads/{id}`: deletes a lead; its conversation stays.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(delete, path = "/portal/leads/{id}", tag = "Conversations and leads",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, body = DeletedOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn delete_lead(
    access: Access<Administer>,
    Path(id): Path<String>,
) -> Result<Json<DeletedOut>> {
    let target = store::lead_to_change(access.scope(), &id, None);
    let (grant, target, []) = access.grant_for::<TargetRow, 0>(target, not_found, []).await?;
    let metadata = json!({ "status": target.status });
    let entry = Entry { event: "lead.deleted", target_type: "lead", target_id: &id, metadata };
    let rows = grant.write(vec![store::lead_delete(&grant, &id), grant.audit(&entry)?]).await?;
    if rows.first().map_or(Ok(0), Rows::count)? == 0 {
        return Err(not_found());
    }
    Ok(Json(DeletedOut::DONE))
}

/// The leads of a request, page by page.
struct Export {
    access: Access<Administer>,
    filter: Filter,
}

const FILE: csv::File =
    csv::File { name: "leads.csv", event: "leads.exported", header: LeadOut::HEADER };

impl Pages for Export {
    fn op(&self) -> &Op {
        &self.access.op
    }

    fn page(&self, cursor: Option<String>) -> BoxFuture<'_, Result<(csv::Exporter, Lines)>> {
        Box::pin(async move {
            let page = Page::new(None, cursor.as_deref(), PAGE_ROWS, PAGE_ROWS)?;
            let (by, page) = store::leads(&self.access, &self.filter, &page).await?;
            Ok((by, Lines::of(page)))
        })
    }
}

/// `GET /portal/leads/export.csv`: the list as a file, for admins.
///
/// The first 500 rows take one round trip, and so does each further page, read while the file is sent. A
/// failure then breaks the transfer. The export is in the audit trail.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/leads/export.csv", tag = "Conversations and leads",
    params(("orgId" = Option<String>, Query), ("siteId" = Option<String>, Query), ("status" = Option<store::LeadStatus>, Query),
           ("from" = Option<String>, Query, description = "First day, UTC"), ("to" = Option<String>, Query, description = "Last day, UTC")),
    responses((status = 200, description = "RFC 4180, with a header line", content_type = "text/csv", body = String), crate::openapi::ReadErrors),
    security(("clerk" = []))))]
pub async fn export_leads(access: Access<Administer>, query: Query) -> Result<Response> {
    let filter = Filter::of(&query)?;
    let filters = ["siteId", "status", "from", "to"];
    let filters = filters.into_iter().filter(|name| query.text(name).is_some()).collect();
    let pages = Box::new(Export { access, filter });
    csv::export(pages, FILE, filters).await
}
