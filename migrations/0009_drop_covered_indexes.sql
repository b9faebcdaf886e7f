-- Indexes whose columns another index begins with, or that double a UNIQUE column: they serve no query, and each
-- write pays for them. What is dropped holds no data; a Worker of an older version reads the same rows by the
-- wider index.

DROP INDEX IF EXISTS idx_chat_messages_session_id;
DROP INDEX IF EXISTS idx_chat_messages_org_id;
DROP INDEX IF EXISTS chat_messages_by_session;
DROP INDEX IF EXISTS idx_chat_sessions_org_id;
DROP INDEX IF EXISTS idx_chat_sessions_site_id;
DROP INDEX IF EXISTS idx_chat_sessions_started_at;
DROP INDEX IF EXISTS idx_audit_logs_org_id;
DROP INDEX IF EXISTS idx_outcome_events_org_id;
DROP INDEX IF EXISTS idx_portal_sites_org_id;
DROP INDEX IF EXISTS idx_user_memberships_org_id;
DROP INDEX IF EXISTS idx_action_runs_action_id;
DROP INDEX IF EXISTS idx_action_runs_org_id_status;
DROP INDEX IF EXISTS idx_flow_steps_flow_id;
DROP INDEX IF EXISTS idx_flow_rules_flow_id;
DROP INDEX IF EXISTS idx_knowledge_sources_org_id;
DROP INDEX IF EXISTS idx_knowledge_policies_org_id;
DROP INDEX IF EXISTS idx_knowledge_versions_document_id_version_number;
DROP INDEX IF EXISTS idx_knowledge_chunks_version_id;
DROP INDEX IF EXISTS idx_billing_subscriptions_org_id;
DROP INDEX IF EXISTS idx_billing_invoices_org_id;
DROP INDEX IF EXISTS idx_action_definitions_org_id;
DROP INDEX IF EXISTS idx_integration_connections_org_id;
