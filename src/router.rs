//! Every route of the Worker on one page, grouped by who it is for.

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, delete, get, patch, post, put};

use crate::app::App;
use crate::automation::{action_routes, flow_routes};
use crate::billing::account::{checkout_routes, invoice_routes, overview_routes, session_routes};
use crate::billing::mirror::{self, receipt_routes};
use crate::billing::usage;
use crate::budgets;
use crate::error::{Error, Kind};
use crate::gateway::{self, token_routes};
use crate::identity;
use crate::members::{self, membership_routes, user_routes};
use crate::middleware::{
    MONITORS, OPENAI_CLIENTS, PORTAL, SERVERS, UPLOADS, VISITORS, VOICE, WAITING, WEBHOOKS, WIDGET,
    guard,
};
use crate::orgs::{self, cap_routes};
use crate::{analytics, audit, chat, conversations, docs, events, handoffs, health, insights};
use crate::{
    integrations, invitations, knowledge, leads, notices, notifications, outcomes, overview,
};
use crate::{portal_config, portfolio, retention, sites, visitors, voice, widget};

/// Builds the router; once per isolate.
pub fn router(app: &Arc<App>) -> Router {
    let portal = operation()
        .merge(dashboards())
        .merge(conversations())
        .merge(handed_over())
        .merge(people())
        .merge(settings())
        .merge(access())
        .merge(records())
        .merge(embeds())
        .merge(knowledge_changes())
        .fallback(not_found);
    let groups = [
        (monitors(), &MONITORS),
        (portal, &PORTAL),
        (uploads(), &UPLOADS),
        (visitors(), &VISITORS),
        (waiting(), &WAITING),
        (widget_pages(), &WIDGET),
        (voice(), &VOICE),
        (servers(), &SERVERS),
        (openai_clients(), &OPENAI_CLIENTS),
        (webhooks(), &WEBHOOKS),
    ];
    groups.into_iter().fold(Router::new(), |router, (routes, audience)| {
        let routes = routes.method_not_allowed_fallback(method_not_allowed);
        router.merge(guard(routes, app, audience))
    })
}

/// Uptime monitors.
fn monitors() -> Router {
    let routes = Router::new().route("/health", get(health::routes::get_health));
    #[cfg(feature = "panic-probe")]
    let routes = routes.route("/panic-probe", get(panic_probe));
    routes
}

/// Operators and developers.
fn operation() -> Router {
    Router::new()
        .route("/health/ready", get(health::routes::get_readiness))
        .route("/v1/health", get(health::routes::get_readiness))
        .route("/api/health", get(health::routes::get_readiness))
        .route("/openapi.json", get(docs::routes::get_openapi))
        .route("/docs", get(docs::routes::get_docs))
}

/// Screens that show figures and lists.
fn dashboards() -> Router {
    Router::new()
        .route("/portal/overview", get(overview::routes::get_overview))
        .route("/portal/engines", get(sites::routes::list_engines))
        .route("/portal/workflows", get(flow_routes::list_workflows))
        .route("/portal/insights", get(insights::routes::get_insights))
        .route("/portal/events", get(events::routes::list_events))
        .route("/portal/team", get(members::routes::get_team))
        .route("/portal/clients", get(portfolio::routes::list_clients))
        .route("/portal/cloudflare-analytics", get(analytics::routes::get_cloudflare_analytics))
}

/// What visitors said and left.
fn conversations() -> Router {
    use conversations::routes as talk;
    use leads::routes::{delete_lead, export_leads, get_lead, list_leads, update_lead};
    Router::new()
        .route("/portal/conversations", get(talk::list_conversations))
        .route("/portal/conversations/export.csv", get(talk::export_conversations))
        .route(
            "/portal/conversations/{id}",
            get(talk::get_conversation).delete(talk::delete_conversation),
        )
        .route("/portal/leads", get(list_leads))
        .route("/portal/leads/export.csv", get(export_leads))
        .route("/portal/leads/{id}", get(get_lead).patch(update_lead).delete(delete_lead))
        .route("/portal/visitors/{visitorId}", delete(visitors::routes::delete_visitor))
}

/// Conversations that people take over, and what they are told of.
fn handed_over() -> Router {
    use handoffs::routes as hand;
    use notifications::routes::{list_notifications, read_notification};
    Router::new()
        .route("/portal/handoffs", get(hand::list_handoffs))
        .route("/portal/conversations/{id}/accept", post(hand::accept_conversation))
        .route("/portal/conversations/{id}/reply", post(hand::reply_to_conversation))
        .route("/portal/conversations/{id}/release", post(hand::release_conversation))
        .route("/portal/conversations/{id}/close", post(hand::close_conversation))
        .route("/portal/notifications", get(list_notifications))
        .route("/portal/notifications/{id}/read", post(read_notification))
}

/// People, organizations and who belongs where.
fn people() -> Router {
    use cap_routes::{check_invite_allowed, get_membership_caps, update_membership_caps};
    use invitations::routes as invite;
    use membership_routes::{create_membership, delete_membership, update_membership};
    Router::new()
        .route("/portal/me", get(members::routes::get_me))
        .route("/portal/users", get(user_routes::list_users))
        .route("/portal/users/{id}", patch(user_routes::update_user))
        .route("/portal/users/{id}/revoke-sessions", post(user_routes::revoke_user_sessions))
        .route("/portal/memberships", post(create_membership))
        .route("/portal/memberships/{id}", patch(update_membership).delete(delete_membership))
        .route("/portal/orgs", get(orgs::routes::list_orgs).post(orgs::routes::create_org))
        .route("/portal/orgs/{id}", patch(orgs::routes::update_org).delete(orgs::routes::close_org))
        .route("/portal/orgs/{id}/members", get(members::routes::list_members))
        .route("/portal/orgs/{id}/revoke-sessions", post(orgs::routes::revoke_org_sessions))
        .route("/portal/membership-caps", get(get_membership_caps).patch(update_membership_caps))
        .route("/portal/check-invite-allowed", post(check_invite_allowed))
        .route("/portal/invitations", get(invite::list_invitations).post(invite::create_invitation))
        .route("/portal/invitations/accept", post(invite::accept_invitation))
        .route("/portal/invitations/{id}", delete(invite::revoke_invitation))
}

/// How an organization's sites and portal behave.
fn settings() -> Router {
    use portal_config::routes::{get_portal_config, update_portal_config};
    use retention::routes as keep;
    Router::new()
        .route("/portal/sites", get(sites::routes::list_sites).post(sites::routes::create_site))
        .route("/portal/sites/{id}", get(sites::routes::get_site).patch(sites::routes::update_site))
        .route("/portal/sites/{id}/pause", post(sites::routes::pause_site))
        .route("/portal/sites/{id}/resume", post(sites::routes::resume_site))
        .route("/portal/sites/{id}/rotate-key", post(sites::routes::rotate_site_key))
        .route("/portal/config", get(get_portal_config).patch(update_portal_config))
        .route(
            "/portal/retention",
            get(keep::list_retention_policies).post(keep::put_retention_policy),
        )
        .route(
            "/retention/policies",
            get(keep::list_retention_policies).put(keep::put_retention_policy),
        )
        .route("/retention/policies/{id}", delete(keep::delete_retention_policy))
}

/// How customers' servers come in, and what all may use.
fn access() -> Router {
    use budgets::routes::{get_budgets, update_budgets, update_site_budget};
    use token_routes::{
        create_gateway_token, list_gateway_tokens, revoke_gateway_token, rotate_gateway_token,
    };
    Router::new()
        .route("/portal/gateway-tokens", get(list_gateway_tokens).post(create_gateway_token))
        .route("/portal/gateway-tokens/{id}", delete(revoke_gateway_token))
        .route("/portal/gateway-tokens/{id}/rotate", post(rotate_gateway_token))
        .route("/portal/budgets", get(get_budgets).patch(update_budgets))
        .route("/portal/sites/{id}/budget", patch(update_site_budget))
}

/// What is known, automated and was recorded.
fn records() -> Router {
    use knowledge::policy_routes::{create_policy, delete_policy, update_policy};
    use knowledge::retrieve_routes::{request_reindex, retrieve_passages};
    Router::new()
        .route("/portal/knowledge", get(knowledge::routes::get_knowledge))
        .route(
            "/portal/knowledge/policies",
            get(knowledge::routes::list_policies).post(create_policy),
        )
        .route("/portal/knowledge/policies/{id}", patch(update_policy).delete(delete_policy))
        .route("/portal/knowledge/retrieve", post(retrieve_passages))
        .route("/portal/knowledge/reindex", post(request_reindex))
        .route("/portal/knowledge/versions", get(knowledge::routes::list_versions))
        .route("/portal/knowledge/chunks", get(knowledge::routes::list_chunks))
        .route(
            "/portal/knowledge/sources/{id}/pages",
            get(knowledge::page_routes::list_source_pages),
        )
        .route("/portal/flows", get(flow_routes::list_flows))
        .route("/portal/flows/{id}", get(flow_routes::get_flow))
        .route("/actions", get(action_routes::list_actions))
        .route("/actions/runs", get(action_routes::list_action_runs))
        .route("/portal/integrations", get(integrations::routes::list_integrations))
        .route("/integrations", get(integrations::routes::list_integrations))
        .route("/outcomes", get(outcomes::routes::list_outcomes))
        .route("/billing/overview", get(overview_routes::get_billing_overview))
        .route("/billing/usage", get(usage::routes::list_usage))
        .route("/billing/subscriptions", get(invoice_routes::list_billing_subscriptions))
        .route("/billing/invoices", get(invoice_routes::list_invoices))
        .route("/billing/portal-session", post(session_routes::create_portal_session))
        .route("/billing/checkout-session", post(checkout_routes::create_checkout_session))
        .route("/billing/plans", get(checkout_routes::list_plans))
        .route("/portal/billing/events", get(receipt_routes::list_stripe_events))
        .route("/portal/billing/events/{id}", get(receipt_routes::get_stripe_event))
        .route("/portal/billing/events/{id}/replay", post(receipt_routes::replay_stripe_event))
        .route(
            "/portal/billing/reconcile",
            get(receipt_routes::list_reconciliations).post(receipt_routes::request_reconciliation),
        )
        .route("/billing/invoices/{id}", get(invoice_routes::get_invoice))
        .merge(notices_of_billing())
        .route("/portal/voice/usage", get(voice::usage_routes::get_voice_usage))
        .route("/portal/audit-logs", get(audit::routes::list_audit_logs))
        .route("/audit/logs", get(audit::routes::list_audit_logs))
}

/// What owners are told of how the organization stands with its subscriptions.
fn notices_of_billing() -> Router {
    use notices::routes as told;
    Router::new()
        .route("/portal/notices", get(told::list_notices))
        .route("/portal/notices/{id}/read", post(told::read_notice))
        .route(
            "/portal/notices/settings",
            get(told::get_notice_settings).patch(told::update_notice_settings),
        )
}

/// How sites are embedded: profiles, deployments, builds.
fn embeds() -> Router {
    use widget::deployment_routes as deploy;
    use widget::profile_routes::{
        create_widget_profile, delete_widget_profile, get_widget_profile, list_widget_profiles,
        update_widget_profile,
    };
    use widget::version_routes::{
        create_widget_version, list_widget_versions, update_widget_version,
    };
    Router::new()
        .route("/portal/widget/profiles", get(list_widget_profiles).post(create_widget_profile))
        .route(
            "/portal/widget/profiles/{id}",
            get(get_widget_profile).patch(update_widget_profile).delete(delete_widget_profile),
        )
        .route(
            "/portal/widget/deployments",
            get(deploy::list_widget_deployments).post(deploy::create_widget_deployment),
        )
        .route(
            "/portal/widget/deployments/{id}",
            get(deploy::get_widget_deployment).patch(deploy::update_widget_deployment),
        )
        .route("/portal/widget/deployments/{id}/activate", post(deploy::activate_widget_deployment))
        .route("/portal/widget/deployments/{id}/pause", post(deploy::pause_widget_deployment))
        .route("/portal/widget/deployments/{id}/rotate-key", post(deploy::rotate_deploy_key))
        .route(
            "/portal/widget/deployments/{id}/pin",
            put(deploy::put_widget_pin).delete(deploy::delete_widget_pin),
        )
        .route("/portal/widget/deployments/{id}/history", get(deploy::list_deployment_history))
        .route("/portal/widget/events", get(deploy::list_widget_events))
        .route("/portal/widget/versions", get(list_widget_versions).post(create_widget_version))
        .route("/portal/widget/versions/{id}", patch(update_widget_version))
}

/// What an organization lets its assistants know.
fn knowledge_changes() -> Router {
    use knowledge::document_routes::{
        create_document, create_pair, delete_document, delete_pair, update_document, update_pair,
    };
    use knowledge::job_routes::{list_jobs, retry_job};
    use knowledge::source_routes::{create_source, delete_source, sync_source, update_source};
    use knowledge::version_routes::{
        archive_version, publish_version, rechunk_version, rollback_document,
    };
    Router::new()
        .route("/portal/knowledge/sources", post(create_source))
        .route("/portal/knowledge/sources/{id}", patch(update_source).delete(delete_source))
        .route("/portal/knowledge/sources/{id}/sync", post(sync_source))
        .route("/portal/knowledge/documents", post(create_document))
        .route("/portal/knowledge/documents/{id}", patch(update_document).delete(delete_document))
        .route("/portal/knowledge/documents/{id}/rollback", post(rollback_document))
        .route("/portal/knowledge/qa", post(create_pair))
        .route("/portal/knowledge/qa/{id}", patch(update_pair).delete(delete_pair))
        .route("/portal/knowledge/versions/{id}/publish", post(publish_version))
        .route("/portal/knowledge/versions/{id}/archive", post(archive_version))
        .route("/portal/knowledge/versions/{id}/rechunk", post(rechunk_version))
        .route("/portal/knowledge/jobs", get(list_jobs))
        .route("/portal/knowledge/jobs/{id}/retry", post(retry_job))
}

/// Files that people send.
fn uploads() -> Router {
    Router::new().route(
        "/portal/knowledge/documents/upload",
        post(knowledge::document_routes::upload_document),
    )
}

/// Visitors of customers' sites.
fn visitors() -> Router {
    Router::new()
        .route("/", post(chat::routes::post_chat))
        .route("/chat", post(chat::routes::post_chat))
        .route("/v1/chat", post(chat::routes::post_chat))
        .merge(visitor_sessions())
}

/// What a visitor does with their own conversation.
fn visitor_sessions() -> Router {
    use chat::session_routes as own;
    Router::new()
        .route("/chat/sessions/{id}", get(own::get_session).delete(own::forget_session))
        .route("/chat/sessions/{id}/end", post(own::end_session))
        .route("/chat/sessions/{id}/handoff", post(own::request_handoff))
        .route("/chat/sessions/{id}/lead", post(chat::lead_form::leave_lead))
        .route("/chat/sessions/{id}/messages/{messageId}/feedback", post(own::rate_message))
}

/// Pages that wait for a reply.
fn waiting() -> Router {
    use chat::polling::list_session_messages;
    Router::new().route("/chat/sessions/{id}/messages", get(list_session_messages))
}

/// Pages that embed the widget.
fn widget_pages() -> Router {
    Router::new()
        .route("/widget/config/{deployKey}", get(widget::routes::get_widget_config))
        .route("/widget/check", get(widget::routes::check_widget))
        .route("/widget/events", post(widget::routes::post_widget_events))
}

/// Visitors who have something said, or call.
fn voice() -> Router {
    use voice::routes::{create_signed_url, get_signed_url, post_voice};
    Router::new()
        .route("/voice", post(post_voice))
        .route("/voice/tts", post(post_voice))
        .route("/voice/signed-url", get(get_signed_url).post(create_signed_url))
        .route("/api/elevenlabs-signed-url", get(get_signed_url))
}

/// Customers' servers.
fn servers() -> Router {
    Router::new().route("/bots", get(gateway::routes::list_bots))
}

/// Customers' servers with clients of OpenAI's API.
fn openai_clients() -> Router {
    use chat::completions::routes::create_chat_completion;
    Router::new()
        .route("/v1/models", get(gateway::routes::list_models))
        .route("/v1/models/{id}", get(gateway::routes::get_model))
        .route("/v1/chat/completions", post(create_chat_completion))
        // What these clients know besides, such as /v1/embeddings: they read no other form of an error.
        .route("/v1/{*path}", any(not_found))
}

/// Vendors that sign what they send.
fn webhooks() -> Router {
    Router::new()
        .route("/webhooks/stripe", post(mirror::routes::receive_stripe_event))
        .route("/billing/webhook", post(mirror::routes::receive_stripe_event))
        .route("/webhooks/clerk", post(identity::routes::receive_clerk_event))
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
