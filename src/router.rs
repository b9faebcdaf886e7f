//! Every route of the Worker on one page, grouped by who it is for.

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, patch, post};

use crate::app::App;
use crate::error::{Error, Kind};
use crate::middleware::{MONITORS, PORTAL, VISITORS, WEBHOOKS, guard};
use crate::{
    analytics, audit, automation, billing, chat, conversations, docs, events, health, insights,
    integrations, invitations, knowledge, leads, members, orgs, outcomes, overview, portal_config,
    portfolio, retention, sites, visitors,
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
        .route("/portal/team", get(members::routes::get_team))
        .route("/portal/users", get(members::user_routes::list_users))
        .route("/portal/users/{id}", patch(members::user_routes::update_user))
        .route(
            "/portal/users/{id}/revoke-sessions",
            post(members::user_routes::revoke_user_sessions),
        )
        .route("/portal/memberships", post(members::membership_routes::create_membership))
        .route(
            "/portal/memberships/{id}",
            patch(members::membership_routes::update_membership)
                .delete(members::membership_routes::delete_membership),
        )
        .route("/portal/orgs", get(orgs::routes::list_orgs).post(orgs::routes::create_org))
        .route("/portal/orgs/{id}", patch(orgs::routes::update_org).delete(orgs::routes::close_org))
        .route("/portal/orgs/{id}/members", get(members::routes::list_members))
        .route("/portal/orgs/{id}/revoke-sessions", post(orgs::routes::revoke_org_sessions))
        .route(
            "/portal/membership-caps",
            get(orgs::cap_routes::get_membership_caps)
                .patch(orgs::cap_routes::update_membership_caps),
        )
        .route("/portal/check-invite-allowed", post(orgs::cap_routes::check_invite_allowed))
        .route(
            "/portal/invitations",
            get(invitations::routes::list_invitations).post(invitations::routes::create_invitation),
        )
        .route("/portal/invitations/accept", post(invitations::routes::accept_invitation))
        .route("/portal/invitations/{id}", delete(invitations::routes::revoke_invitation))
        .route("/portal/overview", get(overview::routes::get_overview))
        .route("/portal/engines", get(sites::routes::list_engines))
        .route("/portal/sites", get(sites::routes::list_sites).post(sites::routes::create_site))
        .route("/portal/sites/{id}", get(sites::routes::get_site).patch(sites::routes::update_site))
        .route("/portal/sites/{id}/pause", post(sites::routes::pause_site))
        .route("/portal/sites/{id}/resume", post(sites::routes::resume_site))
        .route("/portal/sites/{id}/rotate-key", post(sites::routes::rotate_site_key))
        .route(
            "/portal/config",
            get(portal_config::routes::get_portal_config)
                .patch(portal_config::routes::update_portal_config),
        )
        .route(
            "/portal/retention",
            get(retention::routes::list_retention_policies)
                .post(retention::routes::put_retention_policy),
        )
        .route(
            "/retention/policies",
            get(retention::routes::list_retention_policies)
                .put(retention::routes::put_retention_policy),
        )
        .route("/retention/policies/{id}", delete(retention::routes::delete_retention_policy))
        .route("/portal/insights", get(insights::routes::get_insights))
        .route("/portal/events", get(events::routes::list_events))
        .route("/portal/clients", get(portfolio::routes::list_clients))
        .route("/portal/cloudflare-analytics", get(analytics::routes::get_cloudflare_analytics))
        .route("/portal/conversations", get(conversations::routes::list_conversations))
        .route("/portal/conversations/export.csv", get(conversations::routes::export_conversations))
        .route(
            "/portal/conversations/{id}",
            get(conversations::routes::get_conversation)
                .delete(conversations::routes::delete_conversation),
        )
        .route("/portal/leads", get(leads::routes::list_leads))
        .route("/portal/leads/export.csv", get(leads::routes::export_leads))
        .route(
            "/portal/leads/{id}",
            get(leads::routes::get_lead)
                .patch(leads::routes::update_lead)
                .delete(leads::routes::delete_lead),
        )
        .route("/portal/visitors/{visitorId}", delete(visitors::routes::delete_visitor))
        .route("/portal/audit-logs", get(audit::routes::list_audit_logs))
        .route("/audit/logs", get(audit::routes::list_audit_logs))
        .route("/portal/workflows", get(automation::flow_routes::list_workflows))
        .route("/portal/flows", get(automation::flow_routes::list_flows))
        .route("/portal/flows/{id}", get(automation::flow_routes::get_flow))
        .route("/actions", get(automation::action_routes::list_actions))
        .route("/actions/runs", get(automation::action_routes::list_action_runs))
        .route("/portal/integrations", get(integrations::routes::list_integrations))
        .route("/integrations", get(integrations::routes::list_integrations))
        .route("/portal/knowledge", get(knowledge::routes::get_knowledge))
        .route("/portal/knowledge/policies", get(knowledge::routes::list_policies))
        .route("/portal/knowledge/versions", get(knowledge::routes::list_versions))
        .route("/portal/knowledge/chunks", get(knowledge::routes::list_chunks))
        .route("/outcomes", get(outcomes::routes::list_outcomes))
        .route("/billing/usage", get(billing::usage_routes::list_usage))
        .route("/billing/overview", get(billing::account_routes::get_billing_overview))
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
