//! `POST /billing/portal-session`

use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::store::{self, CustomerIdRow};
use super::stripe_pages::{
    judge_page, not_configured, odd_answer, of_org_named, refused_by_stripe,
};
use crate::audit::Entry;
use crate::auth::permission::{Access, Administer};
use crate::billing::mirror::snapshot::text;
use crate::body;
use crate::clients::stripe::{Form, Stripe};
use crate::error::{Error, Result};
use crate::http::body::{Read, Text};
use crate::http::extract::{Json, Query};
use crate::ids::new_id;

/// Longest address that Stripe may send a person back to, in characters.
const LONGEST_URL: usize = 2_000;

body! {
    /// Where a person comes back to from Stripe's billing portal.
    pub struct PortalSessionIn {
        /// A page of the portal.
        return_url as "returnUrl": Option<Text<0, { LONGEST_URL }>>,
        /// The org, where neither the query nor the address names it.
        org_id as "orgId": Option<Text<0, 100>>,
    }
}

/// Where to send the person.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct PortalSessionOut {
    /// Stripe's page; it works once and for some minutes.
    url: String,
}

/// `POST /billing/portal-session`: opens Stripe's billing portal for the org, for admins and owners.
///
/// The org is that of `?orgId=`, else `orgId` of the body, else `orgId` of `returnUrl`, else the caller's own.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/billing/portal-session", tag = "Billing",
    params(("orgId" = Option<String>, Query)), request_body = PortalSessionIn,
    responses((status = 201, body = PortalSessionOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn create_portal_session(
    access: Access<Administer>,
    query: Query,
    Read(body): Read<PortalSessionIn>,
) -> Result<(StatusCode, Json<PortalSessionOut>)> {
    let return_url = body.return_url.as_ref().map(Text::as_str).filter(|url| !url.is_empty());
    let access = of_org_named(access, &query, body.org_id.as_ref(), return_url).while_read_only();
    let statement = store::customer_id(access.scope());
    let (grant, [customer]) = access.grant([statement]).await?;
    let op = grant.op();
    let stripe = Stripe::of(op).ok_or_else(not_configured)?;
    let return_url = return_url.ok_or_else(|| {
        Error::bad_request("return_url_required", "returnUrl is required")
            .hint("Send {\"returnUrl\": \"https://…\"}, a page of the portal.")
    })?;
    judge_page(op, "returnUrl", return_url)?;
    let customer: CustomerIdRow = customer.first()?.ok_or_else(no_customer)?;

    let now = op.now();
    let id = new_id(now)?;
    let form = Form::default()
        .with("customer", &customer.stripe_customer_id)
        .with("return_url", return_url);
    let session = stripe
        .post("/v1/billing_portal/sessions", &form, &format!("portal-session-{id}"))
        .await
        .map_err(|failure| refused_by_stripe(op, &failure))?;
    let (session_id, url) = (text(&session, "id"), text(&session, "url"));
    let (Some(session_id), Some(url)) = (session_id, url) else {
        return Err(odd_answer());
    };
    let caller = grant.actor.caller.user.id.clone();
    let entry = Entry {
        event: "billing.portal_opened",
        target_type: "billing_customer",
        target_id: &customer.id,
        metadata: json!({}),
    };
    grant
        .write(vec![
            store::portal_session_insert(
                &grant,
                [
                    id.as_str().into(),
                    customer.id.as_str().into(),
                    session_id.into(),
                    return_url.into(),
                    caller.into(),
                    now.into(),
                ],
            ),
            grant.audit(&entry)?,
        ])
        .await?;
    Ok((StatusCode::CREATED, Json(PortalSessionOut { url: url.to_owned() })))
}

#[track_caller]
fn no_customer() -> Error {
    Error::not_found(
        "billing_customer_not_found",
        "No billing customer found. Please set up a subscription first.",
    )
}
