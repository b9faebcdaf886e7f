//! The API's document, made of the handlers' and types' own declarations. Host only: the Worker serves
//! the file that the test `openapi_json_is_current` writes.

mod errors;
mod schemas;

pub use self::errors::{
    ChatErrors, OpenAiError, OpenAiErrors, Problem, ReadErrors, ServerErrors, VisitorErrors,
    VisitorWriteErrors, VoiceErrors, WriteErrors,
};
pub use self::schemas::Sound;

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "koby-portal",
        description = "The portal API, visitor chat and webhooks of an AI-chat business. \
            Timestamps are ISO 8601 in UTC. Lists are paged: send limit, and as cursor the nextCursor of the page before; \
            a page without nextCursor is the last. Errors are RFC 9457 problem documents with a stable code.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    servers((url = "/", description = "This Worker")),
    paths(
        // Operation
        crate::health::routes::get_health,
        crate::health::routes::get_readiness,
        crate::docs::routes::get_openapi,
        crate::docs::routes::get_docs,
        // People and organizations
        crate::members::routes::get_me,
        crate::members::routes::get_team,
        crate::members::routes::list_members,
        crate::members::user_routes::list_users,
        crate::members::user_routes::update_user,
        crate::members::user_routes::revoke_user_sessions,
        crate::members::membership_routes::create_membership,
        crate::members::membership_routes::update_membership,
        crate::members::membership_routes::delete_membership,
        crate::orgs::routes::list_orgs,
        crate::orgs::routes::create_org,
        crate::orgs::routes::update_org,
        crate::orgs::routes::close_org,
        crate::orgs::routes::revoke_org_sessions,
        crate::orgs::cap_routes::get_membership_caps,
        crate::orgs::cap_routes::update_membership_caps,
        crate::orgs::cap_routes::check_invite_allowed,
        crate::invitations::routes::list_invitations,
        crate::invitations::routes::create_invitation,
        crate::invitations::routes::accept_invitation,
        crate::invitations::routes::revoke_invitation,
        // Dashboards
        crate::overview::routes::get_overview,
        crate::sites::routes::list_engines,
        crate::insights::routes::get_insights,
        crate::events::routes::list_events,
        crate::portfolio::routes::list_clients,
        crate::analytics::routes::get_cloudflare_analytics,
        // Conversations and leads
        crate::conversations::routes::list_conversations,
        crate::conversations::routes::export_conversations,
        crate::conversations::routes::get_conversation,
        crate::conversations::routes::delete_conversation,
        crate::leads::routes::list_leads,
        crate::leads::routes::export_leads,
        crate::leads::routes::get_lead,
        crate::leads::routes::update_lead,
        crate::leads::routes::delete_lead,
        crate::visitors::routes::delete_visitor,
        crate::handoffs::routes::list_handoffs,
        crate::handoffs::routes::accept_conversation,
        crate::handoffs::routes::reply_to_conversation,
        crate::handoffs::routes::release_conversation,
        crate::handoffs::routes::close_conversation,
        crate::notifications::routes::list_notifications,
        crate::notifications::routes::read_notification,
        // Settings and records
        crate::sites::routes::list_sites,
        crate::sites::routes::create_site,
        crate::sites::routes::get_site,
        crate::sites::routes::update_site,
        crate::sites::routes::pause_site,
        crate::sites::routes::resume_site,
        crate::sites::routes::rotate_site_key,
        crate::portal_config::routes::get_portal_config,
        crate::portal_config::routes::update_portal_config,
        crate::retention::routes::list_retention_policies,
        crate::retention::routes::put_retention_policy,
        crate::retention::routes::delete_retention_policy,
        crate::audit::routes::list_audit_logs,
        // Automation, knowledge and billing
        crate::automation::flow_routes::list_workflows,
        crate::automation::flow_routes::list_flows,
        crate::automation::flow_routes::get_flow,
        crate::automation::action_routes::list_actions,
        crate::automation::action_routes::list_action_runs,
        crate::integrations::routes::list_integrations,
        crate::knowledge::routes::get_knowledge,
        crate::knowledge::routes::list_policies,
        crate::knowledge::policy_routes::create_policy,
        crate::knowledge::policy_routes::update_policy,
        crate::knowledge::policy_routes::delete_policy,
        crate::knowledge::retrieve_routes::retrieve_passages,
        crate::knowledge::retrieve_routes::request_reindex,
        crate::knowledge::routes::list_versions,
        crate::knowledge::routes::list_chunks,
        crate::knowledge::page_routes::list_source_pages,
        crate::knowledge::source_routes::create_source,
        crate::knowledge::source_routes::update_source,
        crate::knowledge::source_routes::delete_source,
        crate::knowledge::source_routes::sync_source,
        crate::knowledge::document_routes::create_document,
        crate::knowledge::document_routes::upload_document,
        crate::knowledge::document_routes::update_document,
        crate::knowledge::document_routes::delete_document,
        crate::knowledge::document_routes::create_pair,
        crate::knowledge::document_routes::update_pair,
        crate::knowledge::document_routes::delete_pair,
        crate::knowledge::version_routes::publish_version,
        crate::knowledge::version_routes::rollback_document,
        crate::knowledge::version_routes::archive_version,
        crate::knowledge::version_routes::rechunk_version,
        crate::knowledge::job_routes::list_jobs,
        crate::knowledge::job_routes::retry_job,
        crate::outcomes::routes::list_outcomes,
        crate::billing::usage::routes::list_usage,
        crate::voice::usage_routes::get_voice_usage,
        crate::billing::account::overview_routes::get_billing_overview,
        crate::billing::account::invoice_routes::list_billing_subscriptions,
        crate::billing::account::invoice_routes::list_invoices,
        crate::billing::account::invoice_routes::get_invoice,
        crate::billing::account::session_routes::create_portal_session,
        crate::billing::account::checkout_routes::create_checkout_session,
        crate::billing::account::checkout_routes::list_plans,
        crate::billing::mirror::receipt_routes::list_stripe_events,
        crate::billing::mirror::receipt_routes::get_stripe_event,
        crate::billing::mirror::receipt_routes::replay_stripe_event,
        crate::billing::mirror::receipt_routes::list_reconciliations,
        crate::billing::mirror::receipt_routes::request_reconciliation,
        crate::notices::routes::list_notices,
        crate::notices::routes::read_notice,
        crate::notices::routes::get_notice_settings,
        crate::notices::routes::update_notice_settings,
        // Visitors
        crate::chat::routes::post_chat,
        crate::widget::routes::get_widget_config,
        crate::widget::routes::check_widget,
        crate::widget::routes::post_widget_events,
        // Widget
        crate::widget::profile_routes::list_widget_profiles,
        crate::widget::profile_routes::create_widget_profile,
        crate::widget::profile_routes::get_widget_profile,
        crate::widget::profile_routes::update_widget_profile,
        crate::widget::profile_routes::delete_widget_profile,
        crate::widget::deployment_routes::list_widget_deployments,
        crate::widget::deployment_routes::create_widget_deployment,
        crate::widget::deployment_routes::get_widget_deployment,
        crate::widget::deployment_routes::update_widget_deployment,
        crate::widget::deployment_routes::activate_widget_deployment,
        crate::widget::deployment_routes::pause_widget_deployment,
        crate::widget::deployment_routes::rotate_deploy_key,
        crate::widget::deployment_routes::put_widget_pin,
        crate::widget::deployment_routes::delete_widget_pin,
        crate::widget::deployment_routes::list_deployment_history,
        crate::widget::deployment_routes::list_widget_events,
        crate::widget::version_routes::list_widget_versions,
        crate::widget::version_routes::create_widget_version,
        crate::widget::version_routes::update_widget_version,
        crate::chat::session_routes::get_session,
        crate::chat::session_routes::forget_session,
        crate::chat::session_routes::end_session,
        crate::chat::session_routes::request_handoff,
        crate::chat::lead_form::leave_lead,
        crate::chat::polling::list_session_messages,
        crate::chat::session_routes::rate_message,
        crate::voice::routes::post_voice,
        crate::voice::routes::get_signed_url,
        crate::voice::routes::create_signed_url,
        // Customers' servers and budgets
        crate::gateway::token_routes::list_gateway_tokens,
        crate::gateway::token_routes::create_gateway_token,
        crate::gateway::token_routes::rotate_gateway_token,
        crate::gateway::token_routes::revoke_gateway_token,
        crate::gateway::routes::list_bots,
        crate::gateway::routes::list_models,
        crate::gateway::routes::get_model,
        crate::chat::completions::routes::create_chat_completion,
        crate::budgets::routes::get_budgets,
        crate::budgets::routes::update_budgets,
        crate::budgets::routes::update_site_budget,
        // Webhooks
        crate::billing::mirror::routes::receive_stripe_event,
        crate::identity::routes::receive_clerk_event,
    ),
    components(schemas(Problem, OpenAiError)),
    modifiers(&Security, &Summaries, &Aliases)
)]
pub struct ApiDoc;

/// A handler's first line names its route, which the document says already.
struct Summaries;

impl Modify for Summaries {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for item in document.paths.paths.values_mut() {
            let methods =
                [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
            for operation in methods.into_iter().flatten() {
                operation.summary = operation.summary.as_deref().map(without_route);
            }
        }
    }
}

fn without_route(summary: &str) -> String {
    let text = match summary.split_once("`: ").or_else(|| summary.split_once("): ")) {
        Some((route, text)) if route.starts_with('`') => text,
        _ => summary,
    };
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first
        .into_iter()
        .flatten()
        .chain(letters)
        .collect::<String>()
        .replace('`', "")
        .replace('\n', " ")
}

/// Other paths of the same handlers: path and method, and those that the document describes first.
const ALIASES: [(&str, &str, &str, &str); 11] = [
    ("/v1/health", "get", "/health/ready", "get"),
    ("/api/health", "get", "/health/ready", "get"),
    ("/audit/logs", "get", "/portal/audit-logs", "get"),
    ("/integrations", "get", "/portal/integrations", "get"),
    ("/retention/policies", "get", "/portal/retention", "get"),
    ("/retention/policies", "put", "/portal/retention", "post"),
    ("/chat", "post", "/", "post"),
    ("/v1/chat", "post", "/", "post"),
    ("/voice/tts", "post", "/voice", "post"),
    ("/api/elevenlabs-signed-url", "get", "/voice/signed-url", "get"),
    ("/billing/webhook", "post", "/webhooks/stripe", "post"),
];

/// Documents the aliases. An operation id is unique, so they have none.
struct Aliases;

impl Modify for Aliases {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, method, of_path, of_method) in ALIASES {
            let paths = &mut document.paths.paths;
            let of = paths.get_mut(of_path).and_then(|item| slot(item, of_method).clone());
            if let Some(mut operation) = of {
                operation.operation_id = None;
                operation.summary =
                    Some(format!("The same as {} {of_path}.", of_method.to_uppercase()));
                *slot(paths.entry(path.to_owned()).or_default(), method) = Some(operation);
            }
        }
    }
}

/// The operation of a method.
fn slot<'a>(item: &'a mut PathItem, method: &str) -> &'a mut Option<Operation> {
    match method {
        "post" => &mut item.post,
        "put" => &mut item.put,
        _ => &mut item.get,
    }
}

/// How callers prove who they are.
struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut clerk = Http::new(HttpAuthScheme::Bearer);
        clerk.bearer_format = Some("JWT".to_owned());
        clerk.description = Some("A Clerk session token.".to_owned());
        if let Some(components) = &mut document.components {
            components.add_security_scheme("clerk", SecurityScheme::Http(clerk));
            let mut gateway = Http::new(HttpAuthScheme::Bearer);
            gateway.description = Some("A gateway token, kgw_…, for servers alone.".to_owned());
            components.add_security_scheme("gateway", SecurityScheme::Http(gateway));
        }
    }
}
