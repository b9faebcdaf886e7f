//! `POST /billing/checkout-session`, `GET /billing/plans`

use std::time::Duration;

use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::store::{self, CheckoutBasisRow, PriceOut};
use super::stripe_pages::{
    judge_page, not_configured, odd_answer, of_org_named, refused_by_stripe,
};
use crate::app::Op;
use crate::audit::Entry;
use crate::auth::permission::{Access, Administer, Grant, Read};
use crate::billing::mirror::snapshot::{Object, id_of, moment, text};
use crate::body;
use crate::clients::stripe::{Failure, FailureKind, Form, Stripe, StripeId};
use crate::error::{Error, Result};
use crate::http::body::{self, Text, Whole, invalid};
use crate::http::extract::{Json, Query};
use crate::ids::new_id;
use crate::time::Timestamp;

/// Most entries of metadata (Stripe docs, "Metadata": 50 keys, of which two are ours), and their lengths.
const MOST_METADATA: usize = 40;
const LONGEST_KEY: usize = 40;
const LONGEST_VALUE: usize = 500;
/// After this time what a checkout led to is mirrored, whatever happened to the webhook: Stripe tries for three days, and
/// the nightly comparison finds what has not ended.
const MIRRORED_WITHIN: Duration = Duration::from_hours(4 * 24);
const CUSTOMERS: &str = "/v1/customers";
/// Names that nobody but this service writes.
const RESERVED: [&str; 2] = ["org_id", "org_name"];

body! {
    /// What is to be subscribed to.
    pub struct CheckoutSessionIn {
        /// One of `GET /billing/plans`.
        price_id as "priceId": Option<Text<0, 255>>,
        /// A page of the portal; Stripe puts the session's id for `{CHECKOUT_SESSION_ID}`.
        success_url as "successUrl": Option<Text<0, 2_000>>,
        /// A page of the portal.
        cancel_url as "cancelUrl": Option<Text<0, 2_000>>,
        /// 1 if absent.
        quantity as "quantity": Option<Whole<1, 1_000>>,
        /// Days of trial; no more than the operator allows, and for the first subscription only.
        trial_period_days as "trialPeriodDays": Option<Whole<0, 730>>,
        /// Texts that the subscription carries; `org_id` and `org_name` are written by this service alone.
        metadata as "metadata": Option<Map<String, Value>>,
        /// The org, where the query does not name it.
        org_id as "orgId": Option<Text<0, 100>>,
    }
}

/// Where to send the person.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CheckoutSessionOut {
    /// Stripe's id.
    session_id: String,
    /// Stripe's page.
    url: String,
}

/// What can be subscribed to.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct PlansOut {
    /// Cheapest first; those without a fixed amount last.
    plans: Vec<PriceOut>,
}

/// What a valid request asks for.
struct Order {
    price: StripeId,
    success_url: String,
    cancel_url: String,
    quantity: i64,
    trial_days: Option<i64>,
    metadata: Vec<(String, String)>,
}

/// `GET /billing/plans`: the prices that can be subscribed to, and what their plans allow.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/billing/plans", tag = "Billing",
    params(("orgId" = Option<String>, Query)),
    responses((status = 200, body = PlansOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_plans(access: Access<Read>) -> Result<Json<PlansOut>> {
    let (_tenant, [rows]) = access.read([store::prices(access.scope())]).await?;
    Ok(Json(PlansOut { plans: rows.all()? }))
}

/// `POST /billing/checkout-session`: opens a checkout at Stripe for a price of ours, for admins and owners.
///
/// The org's customer is made with its first checkout. Checkouts of before that are still open are closed, and of
/// requests of one moment one opens a checkout, so that nobody subscribes twice; an org that pays for the plan already
/// is sent to the billing portal.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/billing/checkout-session", tag = "Billing",
    params(("orgId" = Option<String>, Query)), request_body = CheckoutSessionIn,
    responses((status = 201, body = CheckoutSessionOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn create_checkout_session(
    access: Access<Administer>,
    query: Query,
    body::Read(body): body::Read<CheckoutSessionIn>,
) -> Result<(StatusCode, Json<CheckoutSessionOut>)> {
    let access = of_org_named(access, &query, body.org_id.as_ref(), None).while_read_only();
    let price = body.price_id.as_ref().map_or("", |price| price.as_str());
    let statement = store::checkout_basis(access.scope(), price);
    let (grant, [basis]) = access.grant([statement]).await?;
    let op = grant.op();
    let stripe = Stripe::of(op).ok_or_else(not_configured)?;
    let order = Order::judge(op, body)?;
    let basis: CheckoutBasisRow = basis.one()?;
    basis.judge()?;

    let id = new_id(op.now())?;
    close_open(op, &stripe, &basis, &id).await?;
    let customer = Customer::of(&grant, &stripe, &basis).await?;
    let form = order.form(&grant, &basis, &customer.id);
    let session = stripe
        .post("/v1/checkout/sessions", &form, &format!("checkout-{id}"))
        .await
        .map_err(|failure| refused_by_stripe(op, &failure))?;
    let (Some(session_id), Some(url)) = (text(&session, "id"), text(&session, "url")) else {
        return Err(odd_answer());
    };
    let expires_at = moment(&session, "expires_at");
    if !record(&grant, &id, &basis, &customer, &order, session_id, expires_at).await? {
        // Nobody was told its address; what is left open expires by itself.
        if let Some(session) = StripeId::parse(session_id)
            && let Err(failure) = expire(&stripe, &session, &id).await
        {
            drop(refused_by_stripe(op, &failure));
        }
        return Err(in_progress());
    }
    let out = CheckoutSessionOut { session_id: session_id.to_owned(), url: url.to_owned() };
    Ok((StatusCode::CREATED, Json(out)))
}

impl Order {
    fn judge(op: &Op, body: CheckoutSessionIn) -> Result<Self> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let price = given(body.price_id.map(String::from));
        let success_url = given(body.success_url.map(String::from));
        let cancel_url = given(body.cancel_url.map(String::from));
        let (Some(price), Some(success_url), Some(cancel_url)) = (price, success_url, cancel_url)
        else {
            return Err(Error::bad_request(
                "checkout_fields_required",
                "priceId, successUrl, and cancelUrl are required",
            )
            .hint("Send the id of a price of GET /billing/plans, and two pages of the portal."));
        };
        judge_page(op, "successUrl", &success_url)?;
        judge_page(op, "cancelUrl", &cancel_url)?;
        Ok(Self {
            price: StripeId::parse(&price).ok_or_else(price_unknown)?,
            success_url,
            cancel_url,
            quantity: body.quantity.map_or(1, |quantity| quantity.0),
            trial_days: body.trial_period_days.map(|days| days.0),
            metadata: judge_metadata(body.metadata.unwrap_or_default())?,
        })
    }

    /// What Stripe is asked for; what is ours comes last and once.
    fn form(&self, grant: &Grant, basis: &CheckoutBasisRow, customer: &str) -> Form {
        let org = grant.org.as_str();
        let mut form = Form::default()
            .with("mode", "subscription")
            .with("customer", customer)
            .with("client_reference_id", org)
            .with("line_items[0][price]", self.price.as_str())
            .with("line_items[0][quantity]", &self.quantity.to_string())
            .with("success_url", &self.success_url)
            .with("cancel_url", &self.cancel_url);
        for (key, value) in &self.metadata {
            form = form.with(&format!("subscription_data[metadata][{key}]"), value);
        }
        if let Some(days) = self.trial(grant.op(), basis) {
            form = form.with("subscription_data[trial_period_days]", &days.to_string());
        }
        form.with("subscription_data[metadata][org_id]", org).with("metadata[org_id]", org)
    }

    /// Days of trial: of an org's first subscription alone; what is asked for, within what the operator allows, else
    /// what the price has.
    fn trial(&self, op: &Op, basis: &CheckoutBasisRow) -> Option<i64> {
        let most = basis.trial_days.unwrap_or_else(|| i64::from(op.app.config.billing_trial_days));
        let days = self.trial_days.map_or(basis.trial_days.unwrap_or(0), |asked| asked.min(most));
        (days > 0 && !basis.had_subscription).then_some(days)
    }
}

impl CheckoutBasisRow {
    /// Whether the org may subscribe to the price.
    fn judge(&self) -> Result<()> {
        let plan = self.plan.as_deref().ok_or_else(price_unknown)?;
        let adds = |held: &str| matches!((held, plan), ("chatbot", "phone") | ("phone", "chatbot"));
        // Beside a plan, what is of none is metered usage.
        let held: Vec<&str> =
            self.plans.iter().map(String::as_str).filter(|held| *held != "other").collect();
        let is_new = match held.as_slice() {
            [] => self.plans.is_empty(),
            [held] => adds(held),
            _ => false,
        };
        if is_new {
            return Ok(());
        }
        Err(Error::conflict("already_subscribed", "Already subscribed").hint(
            "The organization has a subscription; change it in the billing portal, POST /billing/portal-session.",
        ))
    }
}

/// The org's customer at Stripe.
struct Customer {
    id: String,
    /// What is to be recorded, if it is new.
    new: Option<NewCustomer>,
}

struct NewCustomer {
    name: String,
    email: Option<String>,
}

impl Customer {
    /// The org's own, or a new one. Requests of one moment get the same: they send the same key.
    async fn of(grant: &Grant, stripe: &Stripe<'_>, basis: &CheckoutBasisRow) -> Result<Self> {
        if let Some(id) = basis.stripe_customer_id.clone().filter(|_| !basis.is_customer_deleted) {
            return Ok(Self { id, new: None });
        }
        let org = grant.org.as_str();
        let form = Form::default()
            .with("name", &basis.org_name)
            .with_any("email", basis.owner_email.as_deref())
            .with("metadata[org_id]", org)
            .with("metadata[org_name]", &basis.org_name);
        let former = basis.stripe_customer_id.as_deref().unwrap_or("first");
        let digest = hex::encode(Sha256::digest(form.as_str().as_bytes()));
        let key = format!("customer-{org}-{former}-{}", digest.get(..16).unwrap_or_default());
        let made = match stripe.post(CUSTOMERS, &form, &key).await {
            // Whatever Stripe answers while it fails, it keeps for a day: the org would have to wait as long.
            Err(Failure { kind: FailureKind::Down, is_kept: true, .. }) => {
                let hour = grant.op().now().seconds() / 3_600;
                stripe.post(CUSTOMERS, &form, &format!("{key}-{hour}")).await
            }
            made => made,
        };
        let made = made.map_err(|failure| refused_by_stripe(grant.op(), &failure))?;
        let id = text(&made, "id").ok_or_else(odd_answer)?.to_owned();
        let new = NewCustomer { name: basis.org_name.clone(), email: basis.owner_email.clone() };
        Ok(Self { id, new: Some(new) })
    }
}

/// Closes checkouts that may be paid yet. Fails if one was paid, and what it led to is not mirrored.
async fn close_open(
    op: &Op,
    stripe: &Stripe<'_>,
    basis: &CheckoutBasisRow,
    request: &str,
) -> Result<()> {
    for id in basis.unsettled_sessions.iter().filter_map(|id| StripeId::parse(id)) {
        let Err(refused) = expire(stripe, &id, request).await else { continue };
        let now = match refused.kind {
            FailureKind::NotFound => continue,
            // It is not open any more: Stripe says what became of it.
            FailureKind::Unfit => {
                let path = format!("/v1/checkout/sessions/{}", id.as_str());
                stripe.get(&path, &Form::default()).await
            }
            FailureKind::Refused | FailureKind::Duplicate | FailureKind::Down => Err(refused),
        };
        match now {
            Ok(session) => judge_end(op, basis, &session)?,
            Err(failure) if failure.kind == FailureKind::NotFound => {}
            Err(failure) => return Err(refused_by_stripe(op, &failure)),
        }
    }
    Ok(())
}

/// Whether another checkout may be opened beside one that could not be closed.
fn judge_end(op: &Op, basis: &CheckoutBasisRow, session: &Object) -> Result<()> {
    let is_mirrored = || {
        let subscription = id_of(session.get("subscription"));
        let is_old = || {
            moment(session, "created").is_some_and(|made| made.plus(MIRRORED_WITHIN) <= op.now())
        };
        subscription.is_some_and(|id| basis.subscriptions.contains(&id)) || is_old()
    };
    match text(session, "status") {
        Some("expired") => Ok(()),
        Some("complete") if is_mirrored() => Ok(()),
        Some("complete") => {
            Err(Error::conflict("checkout_completed", "A checkout was completed a moment ago")
                .hint("Look at GET /billing/overview in a minute."))
        }
        _ => Err(in_progress()),
    }
}

/// Closes a session for good. A failure that Stripe keeps under the key is not met by the next request.
async fn expire(stripe: &Stripe<'_>, id: &StripeId, request: &str) -> Result<Object, Failure> {
    let path = format!("/v1/checkout/sessions/{}/expire", id.as_str());
    let key = format!("expire-{}-{request}", id.as_str());
    stripe.post(&path, &Form::default(), &key).await
}

#[track_caller]
fn in_progress() -> Error {
    Error::conflict("checkout_in_progress", "Another checkout is in progress").hint(
        "Another request opened a checkout of the organization, or made its customer, meanwhile. Try again.",
    )
}

/// Records the session, and the customer if it is new, with its trace; false if another request was earlier.
async fn record(
    grant: &Grant,
    id: &str,
    basis: &CheckoutBasisRow,
    customer: &Customer,
    order: &Order,
    session_id: &str,
    expires_at: Option<Timestamp>,
) -> Result<bool> {
    let now = grant.op().now();
    let metadata: Map<String, Value> =
        order.metadata.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect();
    let mut statements = Vec::new();
    if let Some(NewCustomer { name, email }) = &customer.new {
        let ours = json!({"org_id": grant.org.as_str(), "org_name": name}).to_string();
        statements.push(store::customer_put(
            grant,
            [
                new_id(now)?.into(),
                customer.id.as_str().into(),
                name.as_str().into(),
                email.as_deref().into(),
                ours.into(),
                now.into(),
            ],
        ));
    }
    let recorded_at = statements.len();
    statements.push(store::checkout_session_insert(
        grant,
        [
            id.into(),
            session_id.into(),
            customer.id.as_str().into(),
            order.success_url.as_str().into(),
            order.cancel_url.as_str().into(),
            expires_at.into(),
            Value::Object(metadata).to_string().into(),
            now.into(),
            basis.newest_session.as_deref().into(),
        ],
    ));
    let entry = Entry {
        event: "billing.checkout_started",
        target_type: "checkout_session",
        target_id: session_id,
        metadata: json!({"price_id": order.price.as_str(), "quantity": order.quantity}),
    };
    statements.push(grant.audit(&entry)?);
    let rows = grant.write(statements).await?;
    Ok(rows.get(recorded_at).map_or(Ok(0), crate::db::Rows::count)? > 0)
}

/// Texts under names that Stripe takes, without those that are ours.
fn judge_metadata(metadata: Map<String, Value>) -> Result<Vec<(String, String)>> {
    if metadata.len() > MOST_METADATA {
        return Err(invalid("metadata", &format!("must have at most {MOST_METADATA} members")));
    }
    let mut judged = Vec::new();
    for (key, value) in metadata {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        if key.is_empty() || key.len() > LONGEST_KEY || !key.bytes().all(is_name) {
            return Err(invalid(
                "metadata",
                "must have names of 1 to 40 letters, digits and \"_\", \"-\" or \".\"",
            ));
        }
        let text = match value {
            Value::String(text) => text,
            Value::Bool(flag) => flag.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Null => continue,
            Value::Array(_) | Value::Object(_) => {
                return Err(invalid("metadata", "must hold texts, numbers and truth values"));
            }
        };
        if text.chars().count() > LONGEST_VALUE {
            return Err(invalid("metadata", "must hold texts of at most 500 characters"));
        }
        if !RESERVED.contains(&key.as_str()) {
            judged.push((key, text));
        }
    }
    Ok(judged)
}

#[track_caller]
fn price_unknown() -> Error {
    Error::bad_request("price_unknown", "Unknown price")
        .about("priceId")
        .hint("Send the priceId of one of GET /billing/plans.")
}
