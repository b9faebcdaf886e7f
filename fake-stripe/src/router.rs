//! Every address of the API, grouped as Stripe's reference is.

use serde_json::Value;

use crate::error::{ApiError, Outcome};
use crate::params::Params;
use crate::resources::{
    account, checkout, customers, events, intents, invoice_items, invoice_payment, invoices,
    meters, payment_methods, portal, prices, products, subscription_items, subscription_status,
    subscription_update, subscriptions, test_clocks, webhook_endpoints,
};
use crate::stripe::Stripe;

/// Answers one request.
pub(crate) fn route(
    stripe: &mut Stripe,
    method: &str,
    path: &str,
    params: &Params,
) -> Outcome<Value> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (version, parts) =
        parts.split_first().map_or(("", &[][..]), |(first, rest)| (*first, rest));
    let answer = match version {
        "v1" => core(stripe, method, parts, params)
            .or_else(|| billing(stripe, method, parts, params))
            .or_else(|| payments(stripe, method, parts, params)),
        "v2" => match (method, parts) {
            ("GET", ["core", "events"]) => Some(events::list_thin(stripe, params)),
            ("GET", ["core", "events", id]) => Some(events::read_thin(stripe, id)),
            _ => None,
        },
        _ => None,
    };
    answer.unwrap_or_else(|| Err(ApiError::no_route(method, path)))
}

type Answer = Option<Outcome<Value>>;

fn core(stripe: &mut Stripe, method: &str, parts: &[&str], params: &Params) -> Answer {
    Some(match (method, parts) {
        ("GET", ["account"]) => Ok(account::read()),
        ("POST", ["customers"]) => customers::create(stripe, params),
        ("GET", ["customers"]) => customers::list(stripe, params),
        ("GET", ["customers", id]) => customers::read(stripe, id),
        ("POST", ["customers", id]) => customers::update(stripe, id, params),
        ("DELETE", ["customers", id]) => customers::delete(stripe, id),
        ("GET", ["customers", id, "payment_methods"]) => {
            payment_methods::list(stripe, Some(id), params)
        }
        ("GET", ["events"]) => events::list(stripe, params),
        ("GET", ["events", id]) => events::read(stripe, id),
        ("POST", ["webhook_endpoints"]) => webhook_endpoints::create(stripe, params),
        ("GET", ["webhook_endpoints"]) => webhook_endpoints::list(stripe, params),
        ("GET", ["webhook_endpoints", id]) => webhook_endpoints::read(stripe, id),
        ("POST", ["webhook_endpoints", id]) => webhook_endpoints::update(stripe, id, params),
        ("DELETE", ["webhook_endpoints", id]) => webhook_endpoints::delete(stripe, id),
        ("POST", ["test_helpers", "test_clocks"]) => test_clocks::create(stripe, params),
        ("GET", ["test_helpers", "test_clocks"]) => test_clocks::list(stripe, params),
        ("GET", ["test_helpers", "test_clocks", id]) => test_clocks::read(stripe, id),
        ("DELETE", ["test_helpers", "test_clocks", id]) => test_clocks::delete(stripe, id),
        ("POST", ["test_helpers", "test_clocks", id, "advance"]) => {
            test_clocks::advance(stripe, id, params)
        }
        _ => return None,
    })
}

fn billing(stripe: &mut Stripe, method: &str, parts: &[&str], params: &Params) -> Answer {
    Some(match (method, parts) {
        ("POST", ["products"]) => products::create(stripe, params),
        ("GET", ["products"]) => products::list(stripe, params),
        ("GET", ["products", id]) => products::read(stripe, id),
        ("POST", ["products", id]) => products::update(stripe, id, params),
        ("DELETE", ["products", id]) => products::delete(stripe, id),
        ("POST", ["prices"]) => prices::create(stripe, params),
        ("GET", ["prices"]) => prices::list(stripe, params),
        ("GET", ["prices", id]) => prices::read(stripe, id),
        ("POST", ["prices", id]) => prices::update(stripe, id, params),
        ("POST", ["subscriptions"]) => subscriptions::create(stripe, params),
        ("GET", ["subscriptions"]) => subscriptions::list(stripe, params),
        ("GET", ["subscriptions", id]) => subscriptions::read(stripe, id),
        ("POST", ["subscriptions", id]) => subscription_update::update(stripe, id, params),
        ("DELETE", ["subscriptions", id]) => subscription_status::cancel(stripe, id, params),
        ("POST", ["subscriptions", id, "pause"]) => subscription_status::pause(stripe, id),
        ("POST", ["subscriptions", id, "resume"]) => subscription_status::resume(stripe, id),
        ("POST", ["subscription_items"]) => subscription_items::create(stripe, params),
        ("GET", ["subscription_items"]) => subscription_items::list(stripe, params),
        ("GET", ["subscription_items", id]) => subscription_items::read(stripe, id),
        ("POST", ["subscription_items", id]) => subscription_items::update(stripe, id, params),
        ("DELETE", ["subscription_items", id]) => subscription_items::delete(stripe, id, params),
        ("POST", ["invoices"]) => invoices::create(stripe, params),
        ("GET", ["invoices"]) => invoices::list(stripe, params),
        ("POST", ["invoices", "create_preview"]) => invoices::preview(stripe, params),
        ("GET", ["invoices", id]) => invoices::read(stripe, id),
        ("POST", ["invoices", id]) => invoices::update(stripe, id, params),
        ("DELETE", ["invoices", id]) => invoices::delete(stripe, id),
        ("GET", ["invoices", id, "lines"]) => invoices::lines(stripe, id, params),
        ("POST", ["invoices", id, "finalize"]) => invoice_payment::finalize(stripe, id),
        ("POST", ["invoices", id, "send"]) => invoice_payment::send(stripe, id),
        ("POST", ["invoices", id, "pay"]) => invoice_payment::pay(stripe, id, params),
        ("POST", ["invoices", id, "void"]) => invoice_payment::void(stripe, id),
        ("POST", ["invoices", id, "mark_uncollectible"]) => {
            invoice_payment::mark_uncollectible(stripe, id)
        }
        ("POST", ["invoiceitems"]) => invoice_items::create(stripe, params),
        ("GET", ["invoiceitems"]) => invoice_items::list(stripe, params),
        ("GET", ["invoiceitems", id]) => invoice_items::read(stripe, id),
        ("POST", ["invoiceitems", id]) => invoice_items::update(stripe, id, params),
        ("DELETE", ["invoiceitems", id]) => invoice_items::delete(stripe, id),
        ("POST", ["billing_portal", "sessions"]) => portal::create(stripe, params),
        ("POST", ["billing_portal", "configurations"]) => portal::configure(stripe, params),
        ("GET", ["billing_portal", "configurations"]) => portal::list(stripe, params),
        ("GET", ["billing_portal", "configurations", id]) => portal::read(stripe, id),
        ("POST", ["billing_portal", "configurations", id]) => {
            portal::reconfigure(stripe, id, params)
        }
        ("POST", ["billing", "meters"]) => meters::create(stripe, params),
        ("GET", ["billing", "meters"]) => meters::list(stripe, params),
        ("GET", ["billing", "meters", id]) => meters::read(stripe, id),
        ("POST", ["billing", "meter_events"]) => meters::record(stripe, params),
        ("GET", ["billing", "meters", id, "event_summaries"]) => {
            meters::summaries(stripe, id, params)
        }
        _ => return None,
    })
}

fn payments(stripe: &mut Stripe, method: &str, parts: &[&str], params: &Params) -> Answer {
    Some(match (method, parts) {
        ("POST", ["checkout", "sessions"]) => checkout::create(stripe, params),
        ("GET", ["checkout", "sessions"]) => checkout::list(stripe, params),
        // The second address is what the hosted page itself asks; `stripe trigger` does, too.
        ("GET", ["checkout", "sessions", id] | ["payment_pages", id]) => checkout::read(stripe, id),
        ("GET", ["checkout", "sessions", id, "line_items"]) => {
            checkout::line_items(stripe, id, params)
        }
        ("POST", ["checkout", "sessions", id, "expire"]) => checkout::expire(stripe, id),
        ("POST", ["payment_pages", id, "confirm"]) => checkout::confirm(stripe, id, params),
        ("POST", ["payment_methods"]) => payment_methods::create(stripe, params),
        ("GET", ["payment_methods"]) => payment_methods::list(stripe, None, params),
        ("GET", ["payment_methods", id]) => payment_methods::read(stripe, id),
        ("POST", ["payment_methods", id]) => payment_methods::update(stripe, id, params),
        ("POST", ["payment_methods", id, "attach"]) => payment_methods::attach(stripe, id, params),
        ("POST", ["payment_methods", id, "detach"]) => payment_methods::detach(stripe, id),
        ("POST", ["payment_intents"]) => intents::create_payment(stripe, params),
        ("GET", ["payment_intents"]) => intents::list(stripe, "payment_intent", params),
        ("GET", ["payment_intents", id]) => intents::read(stripe, "payment_intent", id),
        ("POST", ["payment_intents", id, "confirm"]) => {
            intents::confirm_payment(stripe, id, params)
        }
        ("POST", ["payment_intents", id, "cancel"]) => {
            intents::cancel(stripe, "payment_intent", id)
        }
        ("GET", ["charges"]) => intents::list(stripe, "charge", params),
        ("GET", ["charges", id]) => intents::read(stripe, "charge", id),
        ("POST", ["setup_intents"]) => intents::create_setup(stripe, params),
        ("GET", ["setup_intents"]) => intents::list(stripe, "setup_intent", params),
        ("GET", ["setup_intents", id]) => intents::read(stripe, "setup_intent", id),
        ("POST", ["setup_intents", id, "cancel"]) => intents::cancel(stripe, "setup_intent", id),
        _ => return None,
    })
}
