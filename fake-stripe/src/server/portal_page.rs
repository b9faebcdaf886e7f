//! The billing portal: a customer's subscriptions and invoices.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::Value;

use super::html::{button, escape, hidden, link, not_found, page, see_other, table};
use super::shared::Shared;
use crate::calendar::{add, shown};
use crate::object::Read as _;
use crate::params::Params;
use crate::resources::invoice_lines::{money, product_name};
use crate::resources::subscriptions::period_end;

/// `GET /p/session/{id}`
pub(super) async fn show(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    view(&shared, &id, "")
}

/// The session, if there is one.
fn session(shared: &Shared, id: &str) -> Option<Value> {
    shared.with(|stripe| {
        stripe
            .store
            .get(id)
            .filter(|found| found.word("object") == "billing_portal.session")
            .cloned()
    })
}

fn view(shared: &Shared, id: &str, fault: &str) -> Response {
    let Some(session) = session(shared, id) else { return not_found("portal session") };
    let customer = session.word("customer");
    let address = format!("/p/session/{id}");
    let mut body = String::new();
    if !fault.is_empty() {
        let _ = write!(body, "<p class=\"fault\" role=\"alert\">{}</p>", escape(fault));
    }
    let _ = write!(body, "<p>It is {}.</p>", escape(&shared.with(|stripe| shown(stripe.now()))));
    body.push_str("<h2>Subscriptions</h2>");
    body.push_str(&subscriptions(shared, customer, &address));
    body.push_str("<h2>Payment and time</h2>");
    body.push_str(&button(&address, "Use a good card", &[("action", "good_card")], false));
    body.push_str(&button(
        &address,
        "Use a card that is declined",
        &[("action", "bad_card")],
        false,
    ));
    body.push_str(&button(&address, "Let a month pass", &[("action", "month")], false));
    body.push_str("<h2>Invoices</h2>");
    body.push_str(&invoices(shared, customer));
    if let Some(address) = session.text("return_url") {
        let _ = write!(body, "<p>{}</p>", link(address, "Return"));
    }
    page("Billing portal", &body)
}

fn subscriptions(shared: &Shared, customer: &str, address: &str) -> String {
    let (all, prices) = shared.with(|stripe| {
        let mut all = stripe.objects("subscription");
        all.retain(|subscription| subscription.word("customer") == customer);
        let prices: Vec<(String, String)> = stripe
            .objects("price")
            .iter()
            .filter(|price| price.is("active") && !price.at("recurring").is_null())
            .map(|price| {
                (price.word("id").to_owned(), price_words(&product_name(stripe, price), price))
            })
            .collect();
        (all, prices)
    });
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|subscription| {
            let id = subscription.word("id");
            let price = subscription.word("items.data.0.price.id");
            let words =
                prices.iter().find(|(other, _)| other == price).map_or(price, |(_, words)| words);
            let word = if subscription.is("cancel_at_period_end") { "ends" } else { "until" };
            let end = format!("{word} {}", shown(period_end(subscription)));
            vec![
                escape(words),
                escape(subscription.word("status")),
                escape(&end),
                actions(subscription, id, address, &prices),
            ]
        })
        .collect();
    table(&["Plan", "Status", "Period", "Change"], &rows)
}

fn price_words(product: &str, price: &Value) -> String {
    let amount = money(price.amount("unit_amount"), price.word("currency"));
    format!("{product}, {amount} / {}", price.word("recurring.interval"))
}

fn actions(subscription: &Value, id: &str, address: &str, prices: &[(String, String)]) -> String {
    if ["canceled", "incomplete_expired"].contains(&subscription.word("status")) {
        return String::new();
    }
    let one = |action: &str, label: &str| {
        button(address, label, &[("action", action), ("subscription", id)], false)
    };
    let mut html = match (subscription.word("status"), subscription.is("cancel_at_period_end")) {
        ("paused", _) => one("unpause", "Resume"),
        (_, true) => one("resume", "Do not cancel"),
        _ => one("cancel_later", "Cancel at the period's end"),
    };
    html.push_str(&one("cancel_now", "Cancel now"));
    let options = prices.iter().fold(String::new(), |mut html, (price, words)| {
        let is_present = subscription.word("items.data.0.price.id") == price;
        let selected = if is_present { " selected" } else { "" };
        let _ = write!(
            html,
            "<option value=\"{}\"{selected}>{}</option>",
            escape(price),
            escape(words)
        );
        html
    });
    let _ = write!(
        html,
        "<form method=\"post\" action=\"{}\">{}<label>Plan <select name=\"price\">{options}</select></label> \
         <button class=\"plain\">Change plan</button></form>",
        escape(address),
        hidden(&[
            ("action", "change"),
            ("subscription", id),
            ("item", subscription.word("items.data.0.id"))
        ]),
    );
    html
}

fn invoices(shared: &Shared, customer: &str) -> String {
    let rows: Vec<Vec<String>> = shared
        .with(|stripe| stripe.objects("invoice"))
        .iter()
        .filter(|invoice| invoice.word("customer") == customer)
        .map(|invoice| {
            vec![
                link(
                    &format!("/i/{}", invoice.word("id")),
                    invoice.text("number").unwrap_or("draft"),
                ),
                shown(invoice.amount("created")),
                escape(invoice.word("status")),
                escape(&money(invoice.amount("total"), invoice.word("currency"))),
            ]
        })
        .collect();
    table(&["Number", "Made", "Status", "Total"], &rows)
}

/// `POST /p/session/{id}`
pub(super) async fn submit(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    form: String,
) -> Response {
    let Some(session) = session(&shared, &id) else { return not_found("portal session") };
    let params = Params::parse("", &form);
    let customer = session.word("customer");
    let subscription = params.text("subscription").unwrap_or_default();
    let is_own = shared.with(|stripe| {
        stripe
            .store
            .get(subscription)
            .is_none_or(|subscription| subscription.word("customer") == customer)
    });
    if !is_own {
        return not_found("subscription");
    }
    match act(&shared, &params, customer, subscription) {
        Some(answer) if !answer.is_success() => view(&shared, &id, answer.text("error.message")),
        _ => see_other(&format!("/p/session/{id}")),
    }
}

fn act(
    shared: &Shared,
    params: &Params,
    customer: &str,
    subscription: &str,
) -> Option<crate::Response> {
    let address = format!("/v1/subscriptions/{subscription}");
    let form = |pairs: &[(&str, &str)]| {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    };
    Some(match params.text("action")? {
        "cancel_later" => shared.ask("POST", &address, "cancel_at_period_end=true"),
        "resume" => shared.ask("POST", &address, "cancel_at_period_end=false"),
        "unpause" => shared.ask("POST", &format!("{address}/resume"), ""),
        "cancel_now" => shared.ask("DELETE", &address, ""),
        "change" => {
            let (item, price) = (params.text("item")?, params.text("price")?);
            let pairs = [
                ("items[0][id]", item),
                ("items[0][price]", price),
                ("proration_behavior", "always_invoice"),
            ];
            shared.ask("POST", &address, &form(&pairs))
        }
        "good_card" => use_card(shared, customer, "pm_card_visa"),
        "bad_card" => use_card(shared, customer, "pm_card_chargeCustomerFail"),
        "month" => {
            shared.with(|stripe| {
                let now = stripe.now();
                stripe.advance(add(now, "month", 1) - now);
            });
            return None;
        }
        _ => return None,
    })
}

/// The card becomes the default of the customer and of the subscriptions that had one of their own; what is owed is
/// charged to it.
fn use_card(shared: &Shared, customer: &str, token: &str) -> crate::Response {
    let form = format!("payment_method={token}&invoice_settings[default_payment_method]={token}");
    let answer = shared.ask("POST", &format!("/v1/customers/{customer}"), &form);
    let card = answer.text("invoice_settings.default_payment_method").to_owned();
    let owned = shared.with(|stripe| {
        stripe.accept(customer);
        let mut owned = stripe.objects("subscription");
        owned.retain(|subscription| {
            subscription.word("customer") == customer
                && !subscription.at("default_payment_method").is_null()
        });
        owned
    });
    for subscription in
        owned.iter().filter(|subscription| subscription.word("status") != "canceled")
    {
        let address = format!("/v1/subscriptions/{}", subscription.word("id"));
        shared.ask("POST", &address, &format!("default_payment_method={card}"));
        if ["past_due", "unpaid"].contains(&subscription.word("status")) {
            shared.ask(
                "POST",
                &format!("/v1/invoices/{}/pay", subscription.word("latest_invoice")),
                "",
            );
        }
    }
    answer
}
