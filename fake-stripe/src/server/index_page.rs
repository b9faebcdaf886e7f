//! What there is, what happened, and buttons that make something happen.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use super::html::{button, escape, link, page, see_other, table};
use super::shared::Shared;
use crate::calendar::shown;
use crate::object::Read as _;
use crate::params::Params;
use crate::{Event, Fault};

/// How many events are shown.
const SHOWN: usize = 50;

/// `GET /`
pub(super) async fn show(State(shared): State<Arc<Shared>>) -> Response {
    let now = shared.with(|stripe| shown(stripe.now()));
    let mut body = format!("<p>It is {}.</p>", escape(&now));
    for (label, seconds) in
        [("An hour", "3600"), ("A day", "86400"), ("A week", "604800"), ("31 days", "2678400")]
    {
        body.push_str(&button(
            "/actions/advance",
            &format!("{label} passes"),
            &[("seconds", seconds)],
            false,
        ));
    }
    body.push_str("<h2>Customers</h2>");
    body.push_str(&customers(&shared));
    body.push_str("<h2>Subscriptions</h2>");
    body.push_str(&subscriptions(&shared));
    body.push_str("<h2>Open checkout sessions</h2>");
    body.push_str(&sessions(&shared));
    body.push_str("<h2>Events</h2>");
    body.push_str(&events(&shared));
    page("Fake Stripe", &body)
}

fn customers(shared: &Shared) -> String {
    let rows: Vec<Vec<String>> = shared
        .with(|stripe| stripe.objects("customer"))
        .iter()
        .map(|customer| {
            let id = customer.word("id");
            let state = if customer.is("deleted") { "deleted" } else { customer.word("email") };
            let cards = [("decline", "Decline from now on"), ("accept", "Accept again")].map(
                |(action, label)| {
                    button(&format!("/actions/{action}"), label, &[("customer", id)], false)
                },
            );
            vec![code(id), escape(customer.word("name")), escape(state), cards.concat()]
        })
        .collect();
    table(&["Id", "Name", "Email", "Its cards"], &rows)
}

fn subscriptions(shared: &Shared) -> String {
    let rows: Vec<Vec<String>> = shared
        .with(|stripe| stripe.objects("subscription"))
        .iter()
        .map(|subscription| {
            ["id", "customer", "status", "items.data.0.price.id"]
                .map(|path| code(subscription.word(path)))
                .to_vec()
        })
        .collect();
    table(&["Id", "Customer", "Status", "Price"], &rows)
}

fn sessions(shared: &Shared) -> String {
    let rows: Vec<Vec<String>> = shared
        .with(|stripe| stripe.objects("checkout.session"))
        .iter()
        .filter(|session| session.word("status") == "open")
        .map(|session| {
            let id = session.word("id");
            vec![
                link(session.word("url"), id),
                button("/actions/expire", "Expire", &[("session", id)], false),
            ]
        })
        .collect();
    table(&["Page", "Change"], &rows)
}

fn events(shared: &Shared) -> String {
    let last: Vec<Event> =
        shared.with(|stripe| stripe.events().iter().rev().take(SHOWN).cloned().collect());
    let rows: Vec<Vec<String>> = last
        .iter()
        .map(|event| {
            let deliveries = shared.deliveries_of(&event.id);
            let outcomes: Vec<String> = deliveries
                .iter()
                .map(|sent| escape(&format!("{} {}", sent.url, sent.outcome)))
                .collect();
            vec![
                escape(&shown(event.created)),
                escape(&event.kind),
                code(&event.id),
                code(event.object_id()),
                outcomes.join("<br>"),
                button("/actions/resend", "Send again", &[("event", &event.id)], false),
            ]
        })
        .collect();
    table(&["At", "Type", "Id", "Object", "Deliveries", "Change"], &rows)
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

/// `POST /actions/{action}`
pub(super) async fn act(
    State(shared): State<Arc<Shared>>,
    Path(action): Path<String>,
    form: String,
) -> Response {
    let params = Params::parse("", &form);
    shared.touch();
    let text = |name: &str| params.text(name).unwrap_or_default();
    match action.as_str() {
        "advance" => {
            let seconds = text("seconds").parse().unwrap_or(0);
            shared.with(|stripe| stripe.advance(seconds));
        }
        "expire" => shared.with(|stripe| stripe.expire_checkout(text("session"))),
        "decline" => shared.with(|stripe| stripe.decline(text("customer"))),
        "accept" => shared.with(|stripe| stripe.accept(text("customer"))),
        "resend" => {
            shared.deliver_again(text("event"));
        }
        "fail" => {
            let times = text("times").parse().unwrap_or(1);
            shared.with(|stripe| stripe.fail_next(&fault(&params), times));
        }
        _ => return StatusCode::NOT_FOUND.into_response(),
    }
    see_other("/")
}

/// `status`, `retry_after` and `should_retry`, or `lost=true`.
fn fault(params: &Params) -> Fault {
    if params.text("lost") == Some("true") {
        return Fault::LostAnswer;
    }
    Fault::Status {
        status: params.text("status").and_then(|status| status.parse().ok()).unwrap_or(500),
        retry_after_s: params.text("retry_after").and_then(|seconds| seconds.parse().ok()),
        should_retry: params.boolean("should_retry").unwrap_or_default(),
    }
}
