//! The page where a checkout session is completed.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;

use super::html::{button, escape, not_found, page, see_other, table};
use super::shared::Shared;
use crate::object::Read as _;
use crate::params::Params;
use crate::resources::invoice_lines::money;

/// `GET /c/pay/{id}`
pub(super) async fn show(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    view(&shared, &id, "")
}

fn view(shared: &Shared, id: &str, fault: &str) -> Response {
    let session = shared.ask(
        "GET",
        &format!("/v1/checkout/sessions/{id}?expand[]=line_items&expand[]=customer"),
        "",
    );
    if !session.is_success() {
        return not_found("checkout session");
    }
    if session.text("status") != "open" {
        let words = format!(
            "<p class=\"note\">This checkout session is {}.</p>",
            escape(session.text("status"))
        );
        return page("Checkout", &words);
    }
    let rows: Vec<Vec<String>> = session
        .body
        .items("line_items.data")
        .iter()
        .map(|line| {
            let interval = line
                .text("price.recurring.interval")
                .map(|interval| format!(" / {interval}"))
                .unwrap_or_default();
            let price = money(line.amount("price.unit_amount"), line.word("currency"));
            vec![
                escape(line.word("description")),
                line.amount("quantity").to_string(),
                escape(&format!("{price}{interval}")),
            ]
        })
        .collect();
    let days = shared.with(|stripe| {
        stripe
            .store
            .get(id)
            .map(|session| session.word("_subscription_data.trial_period_days").to_owned())
    });
    let mut body = String::new();
    if !fault.is_empty() {
        let _ = write!(body, "<p class=\"fault\" role=\"alert\">{}</p>", escape(fault));
    }
    if let Some(days) = days.filter(|days| !days.is_empty()) {
        let _ = write!(body, "<p class=\"note\">{} days free; then it costs.</p>", escape(&days));
    }
    body.push_str(&table(&["Product", "Quantity", "Price"], &rows));
    let due = money(session.body.amount("amount_total"), session.text("currency"));
    let _ = write!(body, "<p>Due today: <strong>{}</strong></p>", escape(&due));
    let address = format!("/c/pay/{id}");
    body.push_str(&button(&address, "Subscribe", &[("choice", "good")], true));
    body.push_str(&button(
        &address,
        "Subscribe with a card that is declined later",
        &[("choice", "later")],
        false,
    ));
    body.push_str(&button(
        &address,
        "Try a card that is declined",
        &[("choice", "declined")],
        false,
    ));
    body.push_str(&button(&address, "Cancel", &[("choice", "cancel")], false));
    page("Checkout", &body)
}

/// `POST /c/pay/{id}`
pub(super) async fn submit(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    form: String,
) -> Response {
    let params = Params::parse("", &form);
    let choice = params.text("choice").unwrap_or_default();
    if choice == "cancel" {
        return match shared.with(|stripe| stripe.cancel_url(&id)) {
            Some(address) => see_other(&address),
            None => view(&shared, &id, "This session has no cancel_url."),
        };
    }
    let card = if choice == "declined" { "pm_card_chargeCustomerFail" } else { "pm_card_visa" };
    let done = shared.with(|stripe| {
        let done = stripe.complete_checkout(&id, card);
        if done.is_success() && choice == "later" {
            stripe.decline(done.text("customer"));
        }
        done
    });
    if !done.is_success() {
        return view(&shared, &id, done.text("error.message"));
    }
    match shared.with(|stripe| stripe.success_url(&id)) {
        Some(address) => see_other(&address),
        None => view(&shared, &id, ""),
    }
}
