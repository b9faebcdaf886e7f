//! Every route of the Worker on one page, grouped by who it is for.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;
use crate::error::{Error, Kind};
use crate::middleware::{MONITORS, PORTAL, VISITORS, WEBHOOKS, guard};
use crate::{
    analytics, audit, billing, chat, docs, events, health, insights, members, overview, portfolio,
    sites,
};

/// Builds the router; once per isolate.
pub fn router(app: &Arc<App>) -> Router {
    // Uptime monitors
    let monitors = Router::new().route("/health", get(health::routes::get_health));
    #[cfg(feature = "panic-probe")]
    let monitors = monitors.route("/panic-probe", get(panic_probe));

    // The portal's pages
    let portal = Router::new()
        .route("/health/ready", get(health::routes::get_readiness))
        .route("/v1/health", get(health::routes::get_readiness))
        .route("/api/health", get(health::routes::get_readiness))
        .route("/openapi.json", get(docs::routes::get_openapi))
        .route("/docs", get(docs::routes::get_docs))
        .route("/portal/me", get(members::routes::get_me))
        .route("/portal/overview", get(overview::routes::get_overview))
        .route("/portal/engines", get(sites::routes::list_engines))
        .route("/portal/insights", get(insights::routes::get_insights))
        .route("/portal/events", get(events::routes::list_events))
        .route("/portal/clients", get(portfolio::routes::list_clients))
        .route("/portal/cloudflare-analytics", get(analytics::routes::get_cloudflare_analytics))
        .route("/portal/audit-logs", get(audit::routes::list_audit_logs))
        .route("/audit/logs", get(audit::routes::list_audit_logs))
        .fallback(not_found);

    // Visitors of customers' sites
    let visitors = Router::new()
        .route("/", post(chat::routes::post_chat))
        .route("/chat", post(chat::routes::post_chat))
        .route("/v1/chat", post(chat::routes::post_chat));

    // Vendors that sign what they send
    let webhooks = Router::new()
        .route("/webhooks/stripe", post(billing::routes::receive_stripe_event))
        .route("/billing/webhook", post(billing::routes::receive_stripe_event));

    [(monitors, &MONITORS), (portal, &PORTAL), (visitors, &VISITORS), (webhooks, &WEBHOOKS)]
        .into_iter()
        .fold(Router::new(), |router, (routes, audience)| {
            let routes = routes.method_not_allowed_fallback(method_not_allowed);
            router.merge(guard(routes, app, audience))
        })
}

async fn not_found() -> Error {
    Error::not_found("not_found", "Not found").hint("No such path; see the API documentation.")
}

async fn method_not_allowed() -> Error {
    Error::new(Kind::MethodNotAllowed, "method_not_allowed", "Method not allowed")
        .hint("The Allow header names the methods of this path.")
}

/// Panics, so that a test can prove that the next request is served.
#[cfg(feature = "panic-probe")]
#[expect(clippy::panic, reason = "its purpose; the feature is never built for deployment")]
async fn panic_probe() -> Error {
    panic!("panic-probe was asked to panic")
}
