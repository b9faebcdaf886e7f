-- The 36 contract tables and their indexes.
--
-- Every statement is guarded with IF NOT EXISTS. Applied to the database that is already in production it
-- finds each table in place and leaves its rows and columns alone. Applied to an empty database it builds the same shape.
--
-- Conventions: ids are text made by the application. Timestamps are text, ISO 8601 in UTC with
-- milliseconds and a Z. Booleans are integers 0 and 1. Money is in integer cents. Columns declared JSON
-- hold JSON text. Rows written before the takeover may carry timestamps without T and Z, so readers
-- accept both forms.
--
-- A UNIQUE constraint already brings an index. Columns that lead one get no second index here. Indexes are
-- recognised by name: idx_<table>_<columns>.

-- ---------------------------------------------------------------------------
-- Core: tenants, people, sites, conversations
-- ---------------------------------------------------------------------------

-- One row is one customer organisation, the tenant that everything else belongs to.
CREATE TABLE IF NOT EXISTS orgs (
    id TEXT PRIMARY KEY,
    clerk_org_id TEXT UNIQUE,
    name TEXT NOT NULL,
    slug TEXT UNIQUE,
    status TEXT DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'at_risk', 'churned')),
    plan TEXT DEFAULT 'chatbot' CHECK (plan IN ('chatbot', 'phone', 'bundle', 'enterprise')),
    max_members INTEGER DEFAULT 10,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);

-- One row is one person who has signed in or was announced by the identity provider.
CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY,
    clerk_user_id TEXT UNIQUE NOT NULL,
    email TEXT,
    name TEXT,
    avatar_url TEXT,
    is_koby_staff INTEGER DEFAULT 0,
    status TEXT DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'suspended')),
    last_login_at TEXT,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);
CREATE INDEX IF NOT EXISTS idx_users_email ON users (email);

-- One row says that one person belongs to one organisation, and in which role. The person is named by the
-- identity provider id, because a membership may be known before the person has signed in.
CREATE TABLE IF NOT EXISTS user_memberships (
    id TEXT PRIMARY KEY,
    clerk_user_id TEXT NOT NULL,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    role TEXT DEFAULT 'member' CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    UNIQUE (clerk_user_id, org_id)
);
CREATE INDEX IF NOT EXISTS idx_user_memberships_org_id ON user_memberships (org_id);

-- One row is one place where an organisation runs the assistant: a web page, a phone line or an automation.
-- The two provider keys are secrets and are never returned by an API.
CREATE TABLE IF NOT EXISTS portal_sites (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    site_key TEXT UNIQUE NOT NULL,
    name TEXT NOT NULL,
    type TEXT DEFAULT 'chatbot' CHECK (type IN ('chatbot', 'voice', 'automation')),
    domain TEXT,
    google_api_key TEXT,
    elevenlabs_api_key TEXT,
    system_prompt TEXT,
    config JSON DEFAULT '{}',
    status TEXT DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'paused')),
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);
CREATE INDEX IF NOT EXISTS idx_portal_sites_org_id ON portal_sites (org_id);

-- One row is one conversation of one visitor with one site. org_id repeats the organisation of the site.
CREATE TABLE IF NOT EXISTS chat_sessions (
    id TEXT PRIMARY KEY,
    site_id TEXT NOT NULL REFERENCES portal_sites(id) ON DELETE CASCADE,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    visitor_id TEXT,
    started_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    ended_at TEXT,
    message_count INTEGER DEFAULT 0,
    status TEXT DEFAULT 'active' CHECK (status IN ('active', 'completed', 'abandoned')),
    metadata JSON DEFAULT '{}'
);
CREATE INDEX IF NOT EXISTS idx_chat_sessions_site_id ON chat_sessions (site_id);
CREATE INDEX IF NOT EXISTS idx_chat_sessions_org_id ON chat_sessions (org_id);
CREATE INDEX IF NOT EXISTS idx_chat_sessions_started_at ON chat_sessions (started_at);

-- One row is one message in a conversation.
CREATE TABLE IF NOT EXISTS chat_messages (
    id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES chat_sessions(id) ON DELETE CASCADE,
    site_id TEXT NOT NULL REFERENCES portal_sites(id) ON DELETE CASCADE,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('user', 'assistant', 'system')),
    content TEXT NOT NULL,
    latency_ms INTEGER,
    tokens_used INTEGER,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);
CREATE INDEX IF NOT EXISTS idx_chat_messages_session_id ON chat_messages (session_id);
CREATE INDEX IF NOT EXISTS idx_chat_messages_org_id ON chat_messages (org_id);

-- One row holds the counters of one site on one UTC day (date is YYYY-MM-DD). A null site means the whole organisation.
CREATE TABLE IF NOT EXISTS metrics_daily (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    site_id TEXT REFERENCES portal_sites(id) ON DELETE CASCADE,
    date TEXT NOT NULL,
    total_sessions INTEGER DEFAULT 0,
    total_messages INTEGER DEFAULT 0,
    avg_latency_ms REAL DEFAULT 0,
    total_tokens INTEGER DEFAULT 0,
    unique_visitors INTEGER DEFAULT 0,
    leads_captured INTEGER DEFAULT 0,
    appointments_booked INTEGER DEFAULT 0,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    UNIQUE (org_id, site_id, date)
);
CREATE INDEX IF NOT EXISTS idx_metrics_daily_org_id_date ON metrics_daily (org_id, date);

-- One row is how the portal looks to one organisation: branding, visible modules, custom cards.
CREATE TABLE IF NOT EXISTS portal_config (
    id TEXT PRIMARY KEY,
    org_id TEXT UNIQUE NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    branding JSON DEFAULT '{"logo_url":null,"primary_color":"#f97316"}',
    enabled_modules JSON DEFAULT '["overview","engines","workflows","knowledge","integrations","insights","team","outcomes"]',
    custom_cards JSON DEFAULT '[]',
    settings JSON DEFAULT '{}',
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);

-- ---------------------------------------------------------------------------
-- Knowledge: what the assistant may answer from
-- ---------------------------------------------------------------------------

-- One row is one place that documents come from: uploads, a web address, a drive.
CREATE TABLE IF NOT EXISTS knowledge_sources (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('file', 'url', 'notion', 'google_drive', 's3', 'webhook')),
    status TEXT DEFAULT 'connected' CHECK (status IN ('connected', 'syncing', 'error', 'paused')),
    sync_cursor TEXT,
    last_synced_at TEXT,
    config JSON DEFAULT '{}',
    error_message TEXT,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);
CREATE INDEX IF NOT EXISTS idx_knowledge_sources_org_id ON knowledge_sources (org_id);

-- One row is one document of a source. live_version_id names the version that visitors are answered from, and
-- refers to a table that is created further down. SQLite resolves the name when rows are written.
CREATE TABLE IF NOT EXISTS knowledge_documents (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    source_id TEXT NOT NULL REFERENCES knowledge_sources(id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    path TEXT,
    external_id TEXT,
    status TEXT DEFAULT 'processing' CHECK (status IN ('processing', 'ready', 'failed', 'archived')),
    live_version_id TEXT REFERENCES knowledge_versions(id),
    checksum TEXT,
    mime_type TEXT,
    size_bytes INTEGER,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);
CREATE INDEX IF NOT EXISTS idx_knowledge_documents_org_id_source_id ON knowledge_documents (org_id, source_id);

-- One row is one version of the text of a document. Only a live version is ever served.
CREATE TABLE IF NOT EXISTS knowledge_versions (
    id TEXT PRIMARY KEY,
    document_id TEXT NOT NULL REFERENCES knowledge_documents(id) ON DELETE CASCADE,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    version_number INTEGER NOT NULL DEFAULT 1,
    stage TEXT DEFAULT 'draft' CHECK (stage IN ('draft', 'live', 'archived')),
    is_live INTEGER DEFAULT 0,
    checksum TEXT,
    chunk_count INTEGER DEFAULT 0,
    token_count INTEGER DEFAULT 0,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    created_by TEXT,
    change_note TEXT
);
CREATE INDEX IF NOT EXISTS idx_knowledge_versions_document_id_version_number ON knowledge_versions (document_id, version_number);

-- One row is one passage of a version, the unit that retrieval returns and cites.
CREATE TABLE IF NOT EXISTS knowledge_chunks (
    id TEXT PRIMARY KEY,
    version_id TEXT NOT NULL REFERENCES knowledge_versions(id) ON DELETE CASCADE,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    content TEXT NOT NULL,
    token_count INTEGER DEFAULT 0,
    embedding JSON,
    page_label TEXT,
    metadata JSON DEFAULT '{}'
);
CREATE INDEX IF NOT EXISTS idx_knowledge_chunks_version_id ON knowledge_chunks (version_id);

-- One row is the vector of one passage under one embedding model.
CREATE TABLE IF NOT EXISTS knowledge_embeddings (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    version_id TEXT NOT NULL REFERENCES knowledge_versions(id) ON DELETE CASCADE,
    chunk_id TEXT NOT NULL REFERENCES knowledge_chunks(id) ON DELETE CASCADE,
    model TEXT NOT NULL,
    vector JSON NOT NULL,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);
CREATE INDEX IF NOT EXISTS idx_knowledge_embeddings_version_id ON knowledge_embeddings (version_id);

-- One row is one piece of ingestion work: reading, splitting, embedding or syncing.
CREATE TABLE IF NOT EXISTS knowledge_ingestion_jobs (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    source_id TEXT REFERENCES knowledge_sources(id) ON DELETE SET NULL,
    document_id TEXT REFERENCES knowledge_documents(id) ON DELETE SET NULL,
    version_id TEXT REFERENCES knowledge_versions(id) ON DELETE SET NULL,
    type TEXT NOT NULL CHECK (type IN ('ingest_source', 'ingest_document', 'rechunk', 'embed', 'sync')),
    status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'processing', 'succeeded', 'failed')),
    error_message TEXT,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);
CREATE INDEX IF NOT EXISTS idx_knowledge_ingestion_jobs_org_id_status ON knowledge_ingestion_jobs (org_id, status);

-- One row is a named list of rules about what may be said or shown.
CREATE TABLE IF NOT EXISTS knowledge_policies (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT,
    rules JSON DEFAULT '[]',
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);
CREATE INDEX IF NOT EXISTS idx_knowledge_policies_org_id ON knowledge_policies (org_id);

-- ---------------------------------------------------------------------------
-- Flows: guided conversations
-- ---------------------------------------------------------------------------

-- One row is one flow of an organisation. entry_step_id names one of its steps without a foreign key.
CREATE TABLE IF NOT EXISTS flows (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT,
    status TEXT DEFAULT 'draft' CHECK (status IN ('draft', 'active', 'paused', 'archived')),
    "trigger" JSON DEFAULT '{"type":"api","config":{}}',
    entry_step_id TEXT,
    last_published_at TEXT,
    version INTEGER DEFAULT 1,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);
CREATE INDEX IF NOT EXISTS idx_flows_org_id_status ON flows (org_id, status);

-- One row is one step of a flow.
CREATE TABLE IF NOT EXISTS flow_steps (
    id TEXT PRIMARY KEY,
    flow_id TEXT NOT NULL REFERENCES flows(id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('collector', 'router', 'llm', 'action', 'handoff', 'end')),
    name TEXT NOT NULL,
    config JSON DEFAULT '{}',
    next_step_id TEXT,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);
CREATE INDEX IF NOT EXISTS idx_flow_steps_flow_id ON flow_steps (flow_id);

-- One row is one condition that changes the path through a flow, for the whole flow or after one step.
CREATE TABLE IF NOT EXISTS flow_rules (
    id TEXT PRIMARY KEY,
    flow_id TEXT NOT NULL REFERENCES flows(id) ON DELETE CASCADE,
    step_id TEXT REFERENCES flow_steps(id) ON DELETE CASCADE,
    condition TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('goto', 'end', 'handoff', 'invoke_action')),
    target_step_id TEXT,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);
CREATE INDEX IF NOT EXISTS idx_flow_rules_flow_id ON flow_rules (flow_id);

-- One row is one saved test case of a flow with its latest verdict.
CREATE TABLE IF NOT EXISTS flow_tests (
    id TEXT PRIMARY KEY,
    flow_id TEXT NOT NULL REFERENCES flows(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    input JSON DEFAULT '{}',
    expected_outcome TEXT,
    last_run_at TEXT,
    last_result TEXT CHECK (last_result IN ('passed', 'failed', 'blocked'))
);
CREATE INDEX IF NOT EXISTS idx_flow_tests_flow_id ON flow_tests (flow_id);

-- One row is one execution of a flow.
CREATE TABLE IF NOT EXISTS flow_runs (
    id TEXT PRIMARY KEY,
    flow_id TEXT NOT NULL REFERENCES flows(id) ON DELETE CASCADE,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    started_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    duration_ms INTEGER,
    outcome TEXT CHECK (outcome IN ('success', 'failed', 'handoff', 'cancelled')),
    triggered_policy_ids JSON DEFAULT '[]',
    metadata JSON DEFAULT '{}'
);
CREATE INDEX IF NOT EXISTS idx_flow_runs_flow_id_started_at ON flow_runs (flow_id, started_at);

-- ---------------------------------------------------------------------------
-- Actions: work handed to other systems
-- ---------------------------------------------------------------------------

-- One row is one kind of action an organisation can trigger, known to flows by its key.
CREATE TABLE IF NOT EXISTS action_definitions (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    version TEXT DEFAULT 'v1',
    handler_url TEXT,
    timeout_ms INTEGER DEFAULT 30000,
    retry_policy TEXT DEFAULT 'fixed' CHECK (retry_policy IN ('none', 'fixed', 'exponential')),
    max_retries INTEGER DEFAULT 3,
    metadata JSON DEFAULT '{}',
    created_by TEXT,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    UNIQUE (org_id, key)
);

-- One row is one requested execution of an action, with its attempts and its result.
CREATE TABLE IF NOT EXISTS action_runs (
    id TEXT PRIMARY KEY,
    action_id TEXT NOT NULL REFERENCES action_definitions(id) ON DELETE CASCADE,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    status TEXT DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'succeeded', 'failed', 'canceled')),
    attempt INTEGER DEFAULT 0,
    max_retries INTEGER DEFAULT 3,
    retry_policy TEXT DEFAULT 'fixed' CHECK (retry_policy IN ('none', 'fixed', 'exponential')),
    trigger_source TEXT,
    idempotency_key TEXT,
    flow_id TEXT,
    flow_run_id TEXT REFERENCES flow_runs(id) ON DELETE SET NULL,
    input JSON DEFAULT '{}',
    output JSON,
    error TEXT,
    started_at TEXT,
    completed_at TEXT,
    last_error_at TEXT,
    next_retry_at TEXT,
    metadata JSON DEFAULT '{}',
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    UNIQUE (org_id, idempotency_key)
);
CREATE INDEX IF NOT EXISTS idx_action_runs_org_id_status ON action_runs (org_id, status);
CREATE INDEX IF NOT EXISTS idx_action_runs_action_id ON action_runs (action_id);
CREATE INDEX IF NOT EXISTS idx_action_runs_next_retry_at ON action_runs (next_retry_at) WHERE status = 'failed';

-- One row is an action run that was given up, with what it was asked to do.
CREATE TABLE IF NOT EXISTS action_run_dlq (
    id TEXT PRIMARY KEY,
    action_run_id TEXT UNIQUE NOT NULL REFERENCES action_runs(id) ON DELETE CASCADE,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    reason TEXT,
    payload JSON,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);

-- ---------------------------------------------------------------------------
-- Integrations, audit, outcomes, usage, retention
-- ---------------------------------------------------------------------------

-- One row is the connection of an organisation to one other system. credentials is a secret.
CREATE TABLE IF NOT EXISTS integration_connections (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    connector TEXT NOT NULL,
    status TEXT DEFAULT 'connected' CHECK (status IN ('connected', 'disconnected', 'error', 'pending')),
    credentials JSON DEFAULT '{}',
    last_refreshed_at TEXT,
    expires_at TEXT,
    health_status TEXT DEFAULT 'healthy' CHECK (health_status IN ('healthy', 'warning', 'error')),
    health_detail TEXT,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    UNIQUE (org_id, connector)
);

-- One row is one inbound call of a connected system, kept as received.
CREATE TABLE IF NOT EXISTS webhook_events (
    id TEXT PRIMARY KEY,
    org_id TEXT REFERENCES orgs(id) ON DELETE CASCADE,
    connector TEXT NOT NULL,
    event_type TEXT,
    status TEXT DEFAULT 'pending' CHECK (status IN ('pending', 'processed', 'failed', 'rejected')),
    payload JSON,
    headers JSON,
    signature_valid INTEGER DEFAULT 0,
    received_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    processed_at TEXT,
    action_run_id TEXT REFERENCES action_runs(id) ON DELETE SET NULL,
    error TEXT
);
CREATE INDEX IF NOT EXISTS idx_webhook_events_org_id_status ON webhook_events (org_id, status);

-- One row records who changed what and when. Rows are added and never altered.
CREATE TABLE IF NOT EXISTS audit_logs (
    id TEXT PRIMARY KEY,
    org_id TEXT REFERENCES orgs(id) ON DELETE CASCADE,
    actor_type TEXT CHECK (actor_type IN ('user', 'system', 'integration')),
    actor_id TEXT,
    event_type TEXT NOT NULL,
    target_type TEXT,
    target_id TEXT,
    metadata JSON DEFAULT '{}',
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);
CREATE INDEX IF NOT EXISTS idx_audit_logs_org_id ON audit_logs (org_id);

-- One row is one business result, with its worth where there is one.
CREATE TABLE IF NOT EXISTS outcome_events (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    action_run_id TEXT REFERENCES action_runs(id) ON DELETE SET NULL,
    outcome_type TEXT NOT NULL,
    label TEXT,
    amount_cents INTEGER,
    currency TEXT DEFAULT 'USD',
    recorded_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    metadata JSON DEFAULT '{}'
);
CREATE INDEX IF NOT EXISTS idx_outcome_events_org_id ON outcome_events (org_id);

-- One row is one line of metered usage over one period.
CREATE TABLE IF NOT EXISTS billing_records (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    usage_type TEXT NOT NULL,
    quantity INTEGER DEFAULT 0,
    unit_price_cents INTEGER DEFAULT 0,
    amount_cents INTEGER DEFAULT 0,
    status TEXT DEFAULT 'pending' CHECK (status IN ('pending', 'invoiced', 'paid', 'written_off')),
    period_start TEXT NOT NULL,
    period_end TEXT NOT NULL,
    external_invoice_id TEXT,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);
CREATE INDEX IF NOT EXISTS idx_billing_records_org_id_period_start_period_end ON billing_records (org_id, period_start, period_end);

-- One row says how many days one kind of data of an organisation is kept, and whether it is then anonymised.
CREATE TABLE IF NOT EXISTS retention_policies (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    data_type TEXT NOT NULL,
    ttl_days INTEGER NOT NULL,
    apply_anonymization INTEGER DEFAULT 0,
    enforced_at TEXT,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    UNIQUE (org_id, data_type)
);

-- ---------------------------------------------------------------------------
-- Stripe billing: a mirror of what Stripe holds
-- ---------------------------------------------------------------------------

-- One row is the Stripe customer of one organisation.
CREATE TABLE IF NOT EXISTS billing_customers (
    id TEXT PRIMARY KEY,
    org_id TEXT UNIQUE NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    stripe_customer_id TEXT UNIQUE NOT NULL,
    email TEXT,
    name TEXT,
    currency TEXT DEFAULT 'usd',
    balance_cents INTEGER DEFAULT 0,
    delinquent INTEGER DEFAULT 0,
    default_payment_method_id TEXT,
    invoice_settings JSON DEFAULT '{}',
    metadata JSON DEFAULT '{}',
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);

-- One row is one Stripe subscription. An organisation may have several.
CREATE TABLE IF NOT EXISTS billing_subscriptions (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    billing_customer_id TEXT NOT NULL REFERENCES billing_customers(id) ON DELETE CASCADE,
    stripe_subscription_id TEXT UNIQUE NOT NULL,
    stripe_price_id TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'canceled', 'unpaid', 'paused')),
    plan_nickname TEXT,
    quantity INTEGER DEFAULT 1,
    cancel_at_period_end INTEGER DEFAULT 0,
    current_period_start TEXT,
    current_period_end TEXT,
    canceled_at TEXT,
    ended_at TEXT,
    trial_start TEXT,
    trial_end TEXT,
    metadata JSON DEFAULT '{}',
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);
CREATE INDEX IF NOT EXISTS idx_billing_subscriptions_org_id ON billing_subscriptions (org_id);
CREATE INDEX IF NOT EXISTS idx_billing_subscriptions_status ON billing_subscriptions (status);

-- One row is one Stripe invoice.
CREATE TABLE IF NOT EXISTS billing_invoices (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    billing_customer_id TEXT NOT NULL REFERENCES billing_customers(id) ON DELETE CASCADE,
    billing_subscription_id TEXT REFERENCES billing_subscriptions(id) ON DELETE SET NULL,
    stripe_invoice_id TEXT UNIQUE NOT NULL,
    stripe_invoice_number TEXT,
    status TEXT NOT NULL CHECK (status IN ('draft', 'open', 'paid', 'uncollectible', 'void')),
    currency TEXT DEFAULT 'usd',
    subtotal_cents INTEGER DEFAULT 0,
    tax_cents INTEGER DEFAULT 0,
    total_cents INTEGER DEFAULT 0,
    amount_due_cents INTEGER DEFAULT 0,
    amount_paid_cents INTEGER DEFAULT 0,
    amount_remaining_cents INTEGER DEFAULT 0,
    hosted_invoice_url TEXT,
    invoice_pdf TEXT,
    period_start TEXT,
    period_end TEXT,
    due_date TEXT,
    paid_at TEXT,
    finalized_at TEXT,
    metadata JSON DEFAULT '{}',
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);
CREATE INDEX IF NOT EXISTS idx_billing_invoices_org_id ON billing_invoices (org_id);
CREATE INDEX IF NOT EXISTS idx_billing_invoices_status ON billing_invoices (status);

-- One row is one line of a Stripe invoice.
CREATE TABLE IF NOT EXISTS billing_invoice_lines (
    id TEXT PRIMARY KEY,
    billing_invoice_id TEXT NOT NULL REFERENCES billing_invoices(id) ON DELETE CASCADE,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    stripe_line_item_id TEXT UNIQUE NOT NULL,
    description TEXT,
    quantity INTEGER DEFAULT 1,
    unit_amount_cents INTEGER DEFAULT 0,
    amount_cents INTEGER DEFAULT 0,
    currency TEXT DEFAULT 'usd',
    price_id TEXT,
    product_id TEXT,
    period_start TEXT,
    period_end TEXT,
    proration INTEGER DEFAULT 0,
    metadata JSON DEFAULT '{}',
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);
CREATE INDEX IF NOT EXISTS idx_billing_invoice_lines_billing_invoice_id ON billing_invoice_lines (billing_invoice_id);

-- One row is one event received from Stripe. It is the inbox, and the reason an event is handled only once.
CREATE TABLE IF NOT EXISTS stripe_events (
    id TEXT PRIMARY KEY,
    stripe_event_id TEXT UNIQUE NOT NULL,
    event_type TEXT NOT NULL,
    api_version TEXT,
    livemode INTEGER DEFAULT 0,
    org_id TEXT REFERENCES orgs(id) ON DELETE SET NULL,
    object_type TEXT,
    object_id TEXT,
    status TEXT DEFAULT 'pending' CHECK (status IN ('pending', 'processed', 'failed', 'skipped')),
    processing_error TEXT,
    payload JSON NOT NULL,
    received_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    processed_at TEXT
);
CREATE INDEX IF NOT EXISTS idx_stripe_events_event_type ON stripe_events (event_type);
CREATE INDEX IF NOT EXISTS idx_stripe_events_status ON stripe_events (status);
CREATE INDEX IF NOT EXISTS idx_stripe_events_org_id ON stripe_events (org_id);

-- One row is one Stripe Checkout page that was opened for an organisation.
CREATE TABLE IF NOT EXISTS billing_checkout_sessions (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    stripe_session_id TEXT UNIQUE NOT NULL,
    stripe_customer_id TEXT,
    stripe_subscription_id TEXT,
    status TEXT DEFAULT 'open' CHECK (status IN ('open', 'complete', 'expired')),
    mode TEXT DEFAULT 'subscription' CHECK (mode IN ('payment', 'setup', 'subscription')),
    success_url TEXT,
    cancel_url TEXT,
    expires_at TEXT,
    completed_at TEXT,
    metadata JSON DEFAULT '{}',
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);
CREATE INDEX IF NOT EXISTS idx_billing_checkout_sessions_org_id ON billing_checkout_sessions (org_id);

-- One row is one Stripe customer portal link. Whoever holds the link can use it.
CREATE TABLE IF NOT EXISTS billing_portal_sessions (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    billing_customer_id TEXT NOT NULL REFERENCES billing_customers(id) ON DELETE CASCADE,
    stripe_session_id TEXT UNIQUE NOT NULL,
    stripe_session_url TEXT NOT NULL,
    return_url TEXT,
    created_by TEXT,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);
CREATE INDEX IF NOT EXISTS idx_billing_portal_sessions_org_id ON billing_portal_sessions (org_id);
