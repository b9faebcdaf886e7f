//! `/billing/subscriptions`, `/billing/invoices`

use serde::Serialize;

use super::store::{
    self, BillingInvoiceLineOut, BillingInvoiceOut, BillingSubscriptionOut, InvoiceStatus,
};
use crate::auth::permission::{Access, Administer, Read};
use crate::error::{Error, Result};
use crate::http::extract::{Json, Path, Query};
use crate::page::TotalRow;

/// An org's subscriptions.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct BillingSubscriptionsOut {
    subscriptions: Vec<BillingSubscriptionOut>,
}

/// A page of invoices.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct BillingInvoicesOut {
    invoices: Vec<BillingInvoiceOut>,
    /// Of all pages; 10 000 at most.
    total: i64,
    has_more: bool,
    next_cursor: Option<String>,
}

/// An invoice and what it charges for.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct BillingInvoiceWithLinesOut {
    invoice: BillingInvoiceOut,
    /// In the order of the invoice.
    lines: Vec<BillingInvoiceLineOut>,
}

/// `GET /billing/subscriptions`: all of the org's subscriptions, ended ones as well, newest first; for staff without an
/// org, none.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/billing/subscriptions", tag = "Billing",
    params(("orgId" = Option<String>, Query)),
    responses((status = 200, body = BillingSubscriptionsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_billing_subscriptions(
    access: Access<Read>,
) -> Result<Json<BillingSubscriptionsOut>> {
    let (_tenant, [rows]) = access.read([store::subscriptions(access.scope())]).await?;
    Ok(Json(BillingSubscriptionsOut { subscriptions: rows.all()? }))
}

/// `GET /billing/invoices`: the org's invoices, newest first; for staff without an org, none.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/billing/invoices", tag = "Billing",
    params(("orgId" = Option<String>, Query),
           ("limit" = Option<u32>, Query, description = "1 to 100; 25 if absent"), ("cursor" = Option<String>, Query),
           ("offset" = Option<u32>, Query, description = "0 to 10000; not with a cursor"),
           ("status" = Option<InvoiceStatus>, Query)),
    responses((status = 200, body = BillingInvoicesOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_invoices(
    access: Access<Administer>,
    query: Query,
) -> Result<Json<BillingInvoicesOut>> {
    let page = query.page(25, 100)?;
    let status = query.one_of("status", InvoiceStatus::ALL, InvoiceStatus::parse)?;
    let statements = store::invoices(access.scope(), &page, query.offset()?, status);
    let (_tenant, [rows, total]) = access.read(statements).await?;
    let (invoices, next_cursor) = page.cut(rows.all()?, BillingInvoiceOut::key);
    let total = total.one::<TotalRow>()?.total;
    Ok(Json(BillingInvoicesOut { invoices, total, has_more: next_cursor.is_some(), next_cursor }))
}

/// `GET /billing/invoices/{id}`: an invoice by our own id, and its lines.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/billing/invoices/{id}", tag = "Billing",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, body = BillingInvoiceWithLinesOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn get_invoice(
    access: Access<Administer>,
    Path(id): Path<String>,
) -> Result<Json<BillingInvoiceWithLinesOut>> {
    let statements = store::invoice(access.scope(), &id);
    let (_tenant, [invoice, lines]) = access.read(statements).await?;
    let invoice = invoice.first()?.ok_or_else(invoice_not_found)?;
    Ok(Json(BillingInvoiceWithLinesOut { invoice, lines: lines.all()? }))
}

#[track_caller]
fn invoice_not_found() -> Error {
    Error::not_found("invoice_not_found", "Invoice not found")
        .hint("There is no such invoice, or it belongs to another organization. The id is ours, not Stripe's.")
}
