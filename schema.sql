-- The result of all migrations of DB, then of SEARCH. Made by the test `schema_sql_is_current`:
-- run it with BLESS=1 after adding a migration.

-- DB

CREATE TABLE action_definitions (
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

CREATE TABLE action_run_dlq (
    id TEXT PRIMARY KEY,
    action_run_id TEXT UNIQUE NOT NULL REFERENCES action_runs(id) ON DELETE CASCADE,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    reason TEXT,
    payload JSON,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);

CREATE TABLE action_runs (
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
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), usage_counted_at TEXT,
    UNIQUE (org_id, idempotency_key)
);

CREATE TABLE audit_logs (
    id TEXT PRIMARY KEY,
    org_id TEXT REFERENCES orgs(id) ON DELETE CASCADE,
    actor_type TEXT CHECK (actor_type IN ('user', 'system', 'integration')),
    actor_id TEXT,
    event_type TEXT NOT NULL,
    target_type TEXT,
    target_id TEXT,
    metadata JSON DEFAULT '{}',
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
, impersonator_id TEXT, request_id TEXT);

CREATE TABLE billing_checkout_sessions (
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

CREATE TABLE billing_customers (
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
, stripe_event_created INTEGER NOT NULL DEFAULT 0, deleted_at TEXT, stripe_event_rank INTEGER NOT NULL DEFAULT 0, snapshot_digest TEXT, delivery_id TEXT);

CREATE TABLE billing_former_customers (
  stripe_customer_id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE billing_invoice_lines (
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
, position INTEGER NOT NULL DEFAULT 0);

CREATE TABLE billing_invoices (
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
, stripe_event_created INTEGER NOT NULL DEFAULT 0, stripe_event_rank INTEGER NOT NULL DEFAULT 0, stripe_subscription_id TEXT, has_all_lines INTEGER NOT NULL DEFAULT 1 CHECK (has_all_lines IN (0, 1)), snapshot_digest TEXT, delivery_id TEXT);

CREATE TABLE billing_portal_sessions (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    billing_customer_id TEXT NOT NULL REFERENCES billing_customers(id) ON DELETE CASCADE,
    stripe_session_id TEXT UNIQUE NOT NULL,
    stripe_session_url TEXT NOT NULL,
    return_url TEXT,
    created_by TEXT,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);

CREATE TABLE billing_records (
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
, counting TEXT CHECK (counting IN ('open', 'closed')), voice_ms INTEGER);

CREATE TABLE billing_subscription_items (
  stripe_item_id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  billing_subscription_id TEXT NOT NULL REFERENCES billing_subscriptions(id) ON DELETE CASCADE,
  stripe_price_id TEXT NOT NULL,
  -- The plan that the price names itself.
  plan TEXT CHECK (plan IN ('chatbot', 'phone', 'bundle', 'enterprise')),
  quantity INTEGER NOT NULL DEFAULT 1,
  current_period_start TEXT,
  current_period_end TEXT,
  position INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE billing_subscriptions (
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
, stripe_event_created INTEGER NOT NULL DEFAULT 0, stripe_event_rank INTEGER NOT NULL DEFAULT 0, stripe_status TEXT, snapshot_digest TEXT, delivery_id TEXT, past_due_since TEXT);

CREATE TABLE budget_counters (
  scope_id TEXT NOT NULL,
  period TEXT NOT NULL,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  messages INTEGER NOT NULL DEFAULT 0,
  microusd INTEGER NOT NULL DEFAULT 0,
  voice_ms INTEGER NOT NULL DEFAULT 0, clips INTEGER NOT NULL DEFAULT 0, calls INTEGER NOT NULL DEFAULT 0, voice_microusd INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (scope_id, period)
) WITHOUT ROWID;

CREATE TABLE budgets (
  scope_id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  site_id TEXT REFERENCES portal_sites(id) ON DELETE CASCADE,
  site_messages_per_minute INTEGER,
  visitor_messages_per_minute INTEGER,
  messages_per_day INTEGER,
  messages_per_month INTEGER,
  microusd_per_day INTEGER,
  microusd_per_month INTEGER,
  concurrent_sessions INTEGER,
  message_characters INTEGER,
  turn_microusd INTEGER,
  voice_seconds_per_month INTEGER,
  updated_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE chat_messages (
    id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES chat_sessions(id) ON DELETE CASCADE,
    site_id TEXT NOT NULL REFERENCES portal_sites(id) ON DELETE CASCADE,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('user', 'assistant', 'system')),
    content TEXT NOT NULL,
    latency_ms INTEGER,
    tokens_used INTEGER,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
, unanswered INTEGER NOT NULL DEFAULT 0, provider TEXT, model TEXT, prompt_tokens INTEGER, completion_tokens INTEGER, cost_microusd INTEGER, finish_reason TEXT, citations JSON, author_user_id TEXT, author_name TEXT, feedback TEXT CHECK (feedback IN ('up', 'down')), feedback_comment TEXT, feedback_at TEXT);

CREATE TABLE chat_sessions (
    id TEXT PRIMARY KEY,
    site_id TEXT NOT NULL REFERENCES portal_sites(id) ON DELETE CASCADE,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    visitor_id TEXT,
    started_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    ended_at TEXT,
    message_count INTEGER DEFAULT 0,
    status TEXT DEFAULT 'active' CHECK (status IN ('active', 'completed', 'abandoned')),
    metadata JSON DEFAULT '{}'
, last_message_at TEXT, has_lead INTEGER NOT NULL DEFAULT 0, preview TEXT, handoff TEXT CHECK (handoff IN ('requested', 'accepted')), handoff_at TEXT, handoff_reason TEXT, handoff_user_id TEXT, handoff_name TEXT, closed_by TEXT, locale TEXT, token_id TEXT);

CREATE TABLE chat_turns (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  site_id TEXT NOT NULL REFERENCES portal_sites(id) ON DELETE CASCADE,
  -- The session it opens or continues; one that it opens is stored with the answer.
  session_id TEXT NOT NULL,
  opens_session INTEGER NOT NULL DEFAULT 0,
  visitor_id TEXT,
  -- The visitor's own id of the message, so that one that is sent again is not answered twice.
  client_message_id TEXT,
  status TEXT NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'answered', 'partial', 'failed')),
  reserved_microusd INTEGER NOT NULL DEFAULT 0,
  admitted_at TEXT NOT NULL,
  ended_at TEXT
, token_id TEXT, client_digest TEXT, message_digest TEXT) WITHOUT ROWID;

CREATE TABLE clerk_events (
  id TEXT PRIMARY KEY,
  -- The same for all deliveries of one event.
  svix_id TEXT NOT NULL UNIQUE,
  event_type TEXT NOT NULL,
  object_type TEXT,
  object_id TEXT,
  org_id TEXT REFERENCES orgs(id) ON DELETE SET NULL,
  status TEXT NOT NULL CHECK (status IN ('processed', 'skipped', 'failed')),
  -- Why it was skipped, or failed.
  reason TEXT,
  payload JSON NOT NULL,
  -- When it happened at Clerk.
  happened_at TEXT NOT NULL,
  received_at TEXT NOT NULL,
  processed_at TEXT NOT NULL,
  -- The delivery that claimed it last: each statement of a delivery's batch asks for it.
  delivery_id TEXT,
  attempts INTEGER NOT NULL DEFAULT 1
);

CREATE TABLE clerk_snapshots (
  object_id TEXT PRIMARY KEY,
  updated_ms INTEGER NOT NULL,
  event_ms INTEGER NOT NULL,
  -- Nothing comes after a deletion.
  deleted_at TEXT
) WITHOUT ROWID;

CREATE TABLE deployment_version_pins (
  id TEXT PRIMARY KEY,
  deployment_id TEXT NOT NULL UNIQUE REFERENCES site_deployments(id) ON DELETE CASCADE,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  widget_version_id TEXT REFERENCES widget_versions(id),
  pin_type TEXT NOT NULL DEFAULT 'specific' CHECK (pin_type IN ('specific', 'channel')),
  channel TEXT CHECK (channel IN ('stable', 'beta', 'canary')),
  rollout_percentage INTEGER NOT NULL DEFAULT 100 CHECK (rollout_percentage BETWEEN 0 AND 100),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  CHECK ((pin_type = 'specific') = (widget_version_id IS NOT NULL)),
  CHECK ((pin_type = 'channel') = (channel IS NOT NULL))
);

CREATE TABLE ended_sessions (
  session_id TEXT PRIMARY KEY,
  expires_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE flow_rules (
    id TEXT PRIMARY KEY,
    flow_id TEXT NOT NULL REFERENCES flows(id) ON DELETE CASCADE,
    step_id TEXT REFERENCES flow_steps(id) ON DELETE CASCADE,
    condition TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('goto', 'end', 'handoff', 'invoke_action')),
    target_step_id TEXT,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);

CREATE TABLE flow_runs (
    id TEXT PRIMARY KEY,
    flow_id TEXT NOT NULL REFERENCES flows(id) ON DELETE CASCADE,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    started_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    duration_ms INTEGER,
    outcome TEXT CHECK (outcome IN ('success', 'failed', 'handoff', 'cancelled')),
    triggered_policy_ids JSON DEFAULT '[]',
    metadata JSON DEFAULT '{}'
);

CREATE TABLE flow_steps (
    id TEXT PRIMARY KEY,
    flow_id TEXT NOT NULL REFERENCES flows(id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('collector', 'router', 'llm', 'action', 'handoff', 'end')),
    name TEXT NOT NULL,
    config JSON DEFAULT '{}',
    next_step_id TEXT,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);

CREATE TABLE flow_tests (
    id TEXT PRIMARY KEY,
    flow_id TEXT NOT NULL REFERENCES flows(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    input JSON DEFAULT '{}',
    expected_outcome TEXT,
    last_run_at TEXT,
    last_result TEXT CHECK (last_result IN ('passed', 'failed', 'blocked'))
);

CREATE TABLE flows (
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

CREATE TABLE gateway_secrets (
  digest TEXT PRIMARY KEY,
  token_id TEXT NOT NULL REFERENCES gateway_tokens(id) ON DELETE CASCADE,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  expires_at TEXT,
  created_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE gateway_tokens (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  -- The start of the token, so that people tell theirs apart.
  hint TEXT NOT NULL,
  -- Sites it may talk to, as a JSON array; NULL is all of the org.
  site_ids JSON,
  created_by TEXT NOT NULL,
  created_at TEXT NOT NULL,
  expires_at TEXT,
  revoked_at TEXT,
  last_used_at TEXT
);

CREATE TABLE integration_connections (
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

CREATE TABLE invitations (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  email TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
  status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'accepted', 'revoked')),
  token_hash TEXT NOT NULL UNIQUE,
  -- Made by staff, who may go beyond the cap.
  beyond_cap INTEGER NOT NULL DEFAULT 0,
  -- users.id of who invited.
  invited_by TEXT NOT NULL,
  -- Clerk's own invitation, which sent the e-mail.
  clerk_invitation_id TEXT,
  accepted_at TEXT,
  -- users.clerk_user_id, and the batch that did it.
  accepted_by TEXT,
  acceptance_id TEXT,
  revoked_at TEXT,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL
);

CREATE TABLE job_runs (
  id TEXT PRIMARY KEY,
  job TEXT NOT NULL,
  started_at TEXT NOT NULL,
  ended_at TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('done', 'more', 'failed')),
  items INTEGER NOT NULL DEFAULT 0,
  reason TEXT
) WITHOUT ROWID;

CREATE TABLE jobs (
  name TEXT PRIMARY KEY,
  due_at TEXT NOT NULL,
  lease_id TEXT,
  lease_until TEXT,
  cursor TEXT
, taken_at TEXT) WITHOUT ROWID;

CREATE TABLE knowledge_chunks (
    id TEXT PRIMARY KEY,
    version_id TEXT NOT NULL REFERENCES knowledge_versions(id) ON DELETE CASCADE,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    content TEXT NOT NULL,
    token_count INTEGER DEFAULT 0,
    embedding JSON,
    page_label TEXT,
    metadata JSON DEFAULT '{}'
, page TEXT GENERATED ALWAYS AS (coalesce(page_label, '')) VIRTUAL);

CREATE TABLE knowledge_contents (
  version_id TEXT NOT NULL REFERENCES knowledge_versions(id) ON DELETE CASCADE,
  part INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (version_id, part)
);

CREATE TABLE knowledge_crawls (
  source_id TEXT PRIMARY KEY REFERENCES knowledge_sources(id) ON DELETE CASCADE,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  -- Whom the requests go to: a host is asked by one reader at a time, whichever sources it serves.
  host TEXT NOT NULL,
  -- What comes next: robots.txt (begins), sitemaps (maps), pages (reads), or nothing until due_at (rests).
  phase TEXT NOT NULL DEFAULT 'begins' CHECK (phase IN ('begins', 'maps', 'reads', 'rests')),
  -- How often the site was read.
  round INTEGER NOT NULL DEFAULT 0,
  -- When there is something to do; NULL is never by itself.
  due_at TEXT,
  lease_id TEXT,
  lease_until TEXT,
  -- Requests that failed one after another.
  failures INTEGER NOT NULL DEFAULT 0,
  -- What robots.txt says to us, as JSON.
  robots TEXT,
  -- Sitemaps that are still to be read: a JSON array.
  sitemaps TEXT NOT NULL DEFAULT '[]'
, claimed_at TEXT, left_out INTEGER NOT NULL DEFAULT 0);

CREATE TABLE knowledge_documents (
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
, external_key TEXT, publishing_version_id TEXT, index_seq INTEGER NOT NULL DEFAULT 0, index_due_at TEXT, archived_by TEXT);

CREATE TABLE knowledge_embeddings (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    version_id TEXT NOT NULL REFERENCES knowledge_versions(id) ON DELETE CASCADE,
    chunk_id TEXT NOT NULL REFERENCES knowledge_chunks(id) ON DELETE CASCADE,
    model TEXT NOT NULL,
    vector JSON NOT NULL,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);

CREATE TABLE knowledge_ingestion_jobs (
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
, attempts INTEGER NOT NULL DEFAULT 0, lease_id TEXT, next_attempt_at TEXT, publishes INTEGER NOT NULL DEFAULT 1);

CREATE TABLE knowledge_pages (
  source_id TEXT NOT NULL REFERENCES knowledge_sources(id) ON DELETE CASCADE,
  -- Of the address.
  digest TEXT NOT NULL,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  url TEXT NOT NULL,
  -- live: it is a document; skipped: it is read and not taken in, error says why; moved: it leads to another page.
  state TEXT NOT NULL DEFAULT 'pending'
    CHECK (state IN ('pending', 'live', 'skipped', 'moved', 'gone', 'failed')),
  -- What the visit of this round found; NULL before it.
  outcome TEXT CHECK (outcome IN ('new', 'changed', 'unchanged', 'gone', 'failed', 'skipped')),
  -- The round of the last visit.
  round INTEGER NOT NULL DEFAULT 0,
  -- Links from the start page.
  depth INTEGER NOT NULL,
  -- Redirects that led here.
  hops INTEGER NOT NULL DEFAULT 0,
  etag TEXT,
  last_modified TEXT,
  -- Of the body.
  checksum TEXT,
  document_id TEXT REFERENCES knowledge_documents(id) ON DELETE SET NULL,
  fetched_at TEXT,
  -- When its body was last found to be another one, or gone.
  changed_at TEXT,
  -- When it is visited; NULL once it was in this round.
  next_at TEXT,
  -- Visits that were begun since the last that ended well.
  attempts INTEGER NOT NULL DEFAULT 0,
  -- Why it is not, or no more, taken in; for people.
  error TEXT,
  PRIMARY KEY (source_id, digest)
) WITHOUT ROWID;

CREATE TABLE knowledge_policies (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT,
    rules JSON DEFAULT '[]',
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);

CREATE TABLE knowledge_reindexes (
  org_id TEXT PRIMARY KEY REFERENCES orgs(id) ON DELETE CASCADE,
  requested_at TEXT NOT NULL,
  cursor TEXT NOT NULL DEFAULT 'd'
) WITHOUT ROWID;

CREATE TABLE knowledge_removals (
  org_id TEXT NOT NULL,
  document_id TEXT NOT NULL,
  due_at TEXT NOT NULL,
  -- 1 once it was told, and only what keeps late writers away is left to go.
  is_told INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (org_id, document_id)
) WITHOUT ROWID;

CREATE TABLE knowledge_sources (
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
, removed_at TEXT);

CREATE TABLE knowledge_usage (
  org_id TEXT PRIMARY KEY REFERENCES orgs(id) ON DELETE CASCADE,
  sources INTEGER NOT NULL DEFAULT 0,
  documents INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE knowledge_versions (
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
, stored_bytes INTEGER NOT NULL DEFAULT 0, emptied_at TEXT);

CREATE TABLE leads (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  site_id TEXT NOT NULL REFERENCES portal_sites(id) ON DELETE CASCADE,
  session_id TEXT REFERENCES chat_sessions(id) ON DELETE SET NULL,
  visitor_id TEXT,
  name TEXT,
  email TEXT,
  phone TEXT,
  company TEXT,
  message TEXT,
  status TEXT NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'contacted', 'qualified', 'won', 'lost')),
  notes TEXT,
  assigned_to TEXT REFERENCES users(id) ON DELETE SET NULL,
  -- Where it came from, such as chat, voice or form.
  source TEXT NOT NULL DEFAULT 'chat',
  -- The words that the person agreed to.
  consent_text TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  -- When the personal fields were emptied for good.
  anonymized_at TEXT
);

CREATE TABLE metrics_daily (
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
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), answers INTEGER NOT NULL DEFAULT 0, latency_ms_total INTEGER NOT NULL DEFAULT 0, hours TEXT NOT NULL DEFAULT '{}', topics TEXT NOT NULL DEFAULT '{}', unanswered INTEGER NOT NULL DEFAULT 0, thumbs_up INTEGER NOT NULL DEFAULT 0, thumbs_down INTEGER NOT NULL DEFAULT 0,
    UNIQUE (org_id, site_id, date)
);

CREATE TABLE metrics_rollup (
  scope_id TEXT NOT NULL,
  date TEXT NOT NULL,
  sessions INTEGER NOT NULL DEFAULT 0,
  messages INTEGER NOT NULL DEFAULT 0,
  answers INTEGER NOT NULL DEFAULT 0,
  latency_ms_total INTEGER NOT NULL DEFAULT 0,
  tokens INTEGER NOT NULL DEFAULT 0,
  unique_visitors INTEGER NOT NULL DEFAULT 0,
  leads INTEGER NOT NULL DEFAULT 0,
  appointments INTEGER NOT NULL DEFAULT 0, hours TEXT NOT NULL DEFAULT '{}', topics TEXT NOT NULL DEFAULT '{}', unanswered INTEGER NOT NULL DEFAULT 0, last_message_at TEXT, thumbs_up INTEGER NOT NULL DEFAULT 0, thumbs_down INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (scope_id, date)
) WITHOUT ROWID;

CREATE TABLE notice_deliveries (
  -- The notice, a hyphen and the recipient.
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  notice_id TEXT NOT NULL REFERENCES notices(id) ON DELETE CASCADE,
  channel TEXT NOT NULL CHECK (channel IN ('email', 'sms')),
  -- users.id of an owner; of a text message the org itself.
  recipient TEXT NOT NULL,
  -- sending: a provider may have it already.
  status TEXT NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'sending', 'sent', 'failed', 'skipped')),
  attempts INTEGER NOT NULL DEFAULT 0,
  first_attempt_at TEXT,
  -- When it is due, or its lease ends; NULL once it has ended.
  next_attempt_at TEXT,
  lease_id TEXT,
  -- The provider's id of the message.
  provider_id TEXT,
  -- Why it was not sent; without an address, a number or a name.
  reason TEXT,
  ended_at TEXT
) WITHOUT ROWID;

CREATE TABLE notice_settings (
  org_id TEXT PRIMARY KEY REFERENCES orgs(id) ON DELETE CASCADE,
  -- E.164, such as +14155550100.
  sms_phone TEXT,
  updated_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE notices (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  -- billing.past_due, billing.read_only, billing.ended, billing.recovered or billing.trial_ending.
  kind TEXT NOT NULL,
  -- Stripe's id of the subscription that it is about; NULL: all of those of the org.
  subject TEXT,
  -- What is told once of a subject: the end of a trial. NULL where the change that is told happens once by itself.
  occasion TEXT,
  details TEXT NOT NULL DEFAULT '{}',
  created_at TEXT NOT NULL,
  read_at TEXT,
  -- users.id of who read it first.
  read_by TEXT
) WITHOUT ROWID;

CREATE TABLE notifications (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  -- handoff_requested, handoff_missed (outside of office hours) or lead_captured.
  kind TEXT NOT NULL,
  -- What it is about, such as a conversation, by its id; that may be gone.
  target_type TEXT NOT NULL,
  target_id TEXT NOT NULL,
  created_at TEXT NOT NULL,
  read_at TEXT,
  -- users.id of who read it first.
  read_by TEXT
) WITHOUT ROWID;

CREATE TABLE orgs (
    id TEXT PRIMARY KEY,
    clerk_org_id TEXT UNIQUE,
    name TEXT NOT NULL,
    slug TEXT UNIQUE,
    status TEXT DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'at_risk', 'churned')),
    plan TEXT DEFAULT 'chatbot' CHECK (plan IN ('chatbot', 'phone', 'bundle', 'enterprise')),
    max_members INTEGER DEFAULT 10,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
, sessions_revoked_at TEXT, member_count INTEGER NOT NULL DEFAULT 0, site_count INTEGER NOT NULL DEFAULT 0, listed_status TEXT
  GENERATED ALWAYS AS (coalesce(status, 'inactive')) VIRTUAL, billing_standing TEXT NOT NULL DEFAULT 'unbilled'
  CHECK (billing_standing IN ('unbilled', 'good', 'grace', 'read_only', 'none')), grace_ends_at TEXT, limits_plan TEXT
  GENERATED ALWAYS AS (iif(billing_standing IN ('read_only', 'none'), 'none', coalesce(plan, 'chatbot'))) VIRTUAL);

CREATE TABLE outcome_events (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    action_run_id TEXT REFERENCES action_runs(id) ON DELETE SET NULL,
    outcome_type TEXT NOT NULL,
    label TEXT,
    amount_cents INTEGER,
    currency TEXT DEFAULT 'USD',
    recorded_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    metadata JSON DEFAULT '{}'
, event_type TEXT GENERATED ALWAYS AS (
  CASE outcome_type WHEN 'lead_captured' THEN 'lead_captured'
                    WHEN 'appointment_booked' THEN 'appointment_booked'
                    ELSE 'outcome_recorded' END) VIRTUAL);

CREATE TABLE outcomes_daily (
  scope_id TEXT NOT NULL,
  date TEXT NOT NULL,
  outcome_type TEXT NOT NULL,
  currency TEXT NOT NULL,
  outcomes INTEGER NOT NULL DEFAULT 0,
  amount_cents INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (scope_id, date, outcome_type, currency)
) WITHOUT ROWID;

CREATE TABLE outcomes_ever (
  scope_id TEXT NOT NULL,
  outcome_type TEXT NOT NULL,
  currency TEXT NOT NULL,
  outcomes INTEGER NOT NULL DEFAULT 0,
  amount_cents INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (scope_id, outcome_type, currency)
) WITHOUT ROWID;

CREATE TABLE plan_limits (
  plan TEXT PRIMARY KEY,
  site_messages_per_minute INTEGER,
  visitor_messages_per_minute INTEGER,
  messages_per_day INTEGER,
  messages_per_month INTEGER,
  microusd_per_day INTEGER,
  microusd_per_month INTEGER,
  concurrent_sessions INTEGER,
  message_characters INTEGER,
  turn_microusd INTEGER NOT NULL DEFAULT 20000,
  voice_seconds_per_month INTEGER
, knowledge_sources INTEGER, knowledge_documents INTEGER, knowledge_bytes INTEGER, sites INTEGER, members INTEGER, models TEXT) WITHOUT ROWID;

CREATE TABLE plan_prices (
  stripe_price_id TEXT PRIMARY KEY,
  -- NULL: a price that is known and of none of the plans.
  plan TEXT CHECK (plan IN ('chatbot', 'phone', 'bundle', 'enterprise')),
  stripe_product_id TEXT,
  nickname TEXT,
  currency TEXT,
  -- NULL where it is not one amount for each, as with tiers.
  unit_amount_cents INTEGER,
  -- day, week, month or year; NULL for a price that is paid once.
  billing_interval TEXT,
  interval_count INTEGER,
  is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
  -- Days of the trial of an org's first subscription; NULL is the Worker's own setting.
  trial_days INTEGER,
  stripe_event_created INTEGER NOT NULL DEFAULT 0,
  is_deleted INTEGER NOT NULL DEFAULT 0 CHECK (is_deleted IN (0, 1)),
  updated_at TEXT
, snapshot_digest TEXT, delivery_id TEXT) WITHOUT ROWID;

CREATE TABLE portal_config (
    id TEXT PRIMARY KEY,
    org_id TEXT UNIQUE NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    branding JSON DEFAULT '{"logo_url":null,"primary_color":"#f97316"}',
    enabled_modules JSON DEFAULT '["overview","engines","workflows","knowledge","integrations","insights","team","outcomes"]',
    custom_cards JSON DEFAULT '[]',
    settings JSON DEFAULT '{}',
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
, version INTEGER NOT NULL DEFAULT 1);

CREATE TABLE portal_sites (
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
, allowed_origins JSON DEFAULT '[]', keyless_origin TEXT, openai_api_key TEXT, assigned_voices JSON);

CREATE TABLE retention_policies (
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

CREATE TABLE row_counts (
  name TEXT PRIMARY KEY,
  total INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE search_changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id TEXT NOT NULL,
  message_id TEXT NOT NULL
);

CREATE TABLE site_deployments (
  id TEXT PRIMARY KEY,
  site_id TEXT NOT NULL REFERENCES portal_sites(id) ON DELETE CASCADE,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  environment TEXT NOT NULL DEFAULT 'production' CHECK (environment IN ('development', 'staging', 'production')),
  deploy_key TEXT NOT NULL UNIQUE,
  widget_profile_id TEXT REFERENCES widget_profiles(id) ON DELETE SET NULL,
  allowed_origins JSON NOT NULL DEFAULT '[]',
  rate_limit_rpm INTEGER NOT NULL DEFAULT 60,
  rate_limit_daily INTEGER NOT NULL DEFAULT 1000,
  previous_key TEXT,
  key_rotated_at TEXT,
  key_expires_at TEXT,
  status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'disabled')),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  deployed_at TEXT,
  UNIQUE (site_id, environment)
);

CREATE TABLE site_keys (
  key TEXT PRIMARY KEY,
  site_id TEXT NOT NULL REFERENCES portal_sites(id) ON DELETE CASCADE,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  deployment_id TEXT REFERENCES site_deployments(id) ON DELETE CASCADE,
  -- NULL while it is the present key.
  expires_at TEXT,
  created_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE stripe_events (
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
, delivery_id TEXT, attempts INTEGER NOT NULL DEFAULT 0, event_created INTEGER, stripe_customer_id TEXT);

CREATE TABLE stripe_products (
  stripe_product_id TEXT PRIMARY KEY,
  name TEXT,
  description TEXT,
  is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
  stripe_event_created INTEGER NOT NULL DEFAULT 0,
  is_deleted INTEGER NOT NULL DEFAULT 0 CHECK (is_deleted IN (0, 1)),
  updated_at TEXT
, snapshot_digest TEXT, delivery_id TEXT) WITHOUT ROWID;

CREATE TABLE usage_meter_events (
  -- The event's identifier at Stripe.
  billing_record_id TEXT PRIMARY KEY REFERENCES billing_records(id) ON DELETE CASCADE,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  event_name TEXT NOT NULL,
  stripe_customer_id TEXT NOT NULL,
  value INTEGER NOT NULL,
  -- Seconds since the epoch: the last one of the record's period.
  occurred_s INTEGER NOT NULL,
  -- refused: Stripe does not take it. unknown: nobody knows whether it did.
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'refused', 'unknown')),
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at TEXT NOT NULL,
  first_attempt_at TEXT,
  ended_at TEXT,
  reason TEXT,
  created_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE usage_of_all_orgs (
  period_start TEXT NOT NULL,
  period_end TEXT NOT NULL,
  usage_type TEXT NOT NULL,
  status TEXT NOT NULL,
  records INTEGER NOT NULL DEFAULT 0,
  quantity INTEGER NOT NULL DEFAULT 0,
  amount_cents INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (period_start, period_end, usage_type, status)
) WITHOUT ROWID;

CREATE TABLE usage_prices (
  usage_type TEXT PRIMARY KEY,
  unit_price_cents INTEGER NOT NULL CHECK (unit_price_cents >= 0)
) WITHOUT ROWID;

CREATE TABLE user_memberships (
    id TEXT PRIMARY KEY,
    clerk_user_id TEXT NOT NULL,
    org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
    role TEXT DEFAULT 'member' CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), clerk_membership_id TEXT,
    UNIQUE (clerk_user_id, org_id)
);

CREATE TABLE users (
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
, sessions_revoked_at TEXT, org_count INTEGER NOT NULL DEFAULT 0, clerk_suspended INTEGER NOT NULL DEFAULT 0 CHECK (clerk_suspended IN (0, 1)));

CREATE TABLE webhook_events (
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

CREATE TABLE widget_event_counts (
  site_id TEXT NOT NULL REFERENCES portal_sites(id) ON DELETE CASCADE,
  date TEXT NOT NULL,
  scope_id TEXT NOT NULL,
  event TEXT NOT NULL,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  count INTEGER NOT NULL,
  first_at TEXT NOT NULL,
  last_at TEXT NOT NULL,
  PRIMARY KEY (site_id, date, scope_id, event)
) WITHOUT ROWID;

CREATE TABLE widget_profiles (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  description TEXT,
  theme JSON NOT NULL DEFAULT '{}',
  behavior JSON NOT NULL DEFAULT '{}',
  locale JSON NOT NULL DEFAULT '{}',
  analytics JSON NOT NULL DEFAULT '{}',
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);

CREATE TABLE widget_versions (
  id TEXT PRIMARY KEY,
  -- MAJOR.MINOR.PATCH, with -SUFFIX before a release.
  version TEXT NOT NULL UNIQUE,
  changelog TEXT,
  release_notes TEXT,
  script_url TEXT NOT NULL,
  styles_url TEXT,
  -- Subresource integrity of the script, such as sha384-….
  integrity_hash TEXT,
  -- The least form of profiles that it reads.
  min_profile_version INTEGER NOT NULL DEFAULT 1,
  status TEXT NOT NULL DEFAULT 'stable' CHECK (status IN ('canary', 'beta', 'stable', 'deprecated')),
  released_at TEXT NOT NULL,
  deprecated_at TEXT
);

CREATE INDEX action_definitions_by_org ON action_definitions (org_id, created_at, id);

CREATE INDEX action_definitions_by_time ON action_definitions (created_at, id);

CREATE INDEX action_runs_by_action ON action_runs (action_id, created_at, id);

CREATE INDEX action_runs_by_moment ON action_runs (coalesce(completed_at, created_at), id);

CREATE INDEX action_runs_by_org ON action_runs (org_id, created_at, id);

CREATE INDEX action_runs_by_org_moment ON action_runs (org_id, coalesce(completed_at, created_at), id);

CREATE INDEX action_runs_by_org_status ON action_runs (org_id, status, created_at, id);

CREATE INDEX action_runs_by_status ON action_runs (status, created_at, id);

CREATE INDEX action_runs_by_time ON action_runs (created_at, id);

CREATE INDEX audit_logs_by_org ON audit_logs (org_id, created_at, id);

CREATE INDEX audit_logs_by_org_and_actor ON audit_logs (org_id, actor_id, created_at, id);

CREATE INDEX audit_logs_by_org_and_event ON audit_logs (org_id, event_type, created_at, id);

CREATE INDEX audit_logs_by_org_and_target ON audit_logs (org_id, target_id, created_at, id);

CREATE INDEX audit_logs_by_time ON audit_logs (created_at, id);

CREATE INDEX billing_checkout_sessions_by_org ON billing_checkout_sessions (org_id, created_at, id);

CREATE INDEX billing_former_customers_by_org ON billing_former_customers (org_id);

CREATE INDEX billing_invoice_lines_by_invoice ON billing_invoice_lines (billing_invoice_id, position, id);

CREATE INDEX billing_invoices_by_customer ON billing_invoices (billing_customer_id);

CREATE INDEX billing_invoices_by_org ON billing_invoices (org_id, created_at, id);

CREATE INDEX billing_invoices_by_org_status ON billing_invoices (org_id, status, created_at, id);

CREATE INDEX billing_invoices_by_stripe_subscription ON billing_invoices (stripe_subscription_id);

CREATE INDEX billing_invoices_by_subscription ON billing_invoices (billing_subscription_id);

CREATE INDEX billing_portal_sessions_by_customer ON billing_portal_sessions (billing_customer_id);

CREATE INDEX billing_records_by_org ON billing_records (org_id, period_start, id);

CREATE INDEX billing_records_by_time ON billing_records (period_start, id);

CREATE INDEX billing_records_open ON billing_records (period_end, id) WHERE counting = 'open';

CREATE INDEX billing_subscription_items_by_org ON billing_subscription_items (org_id, billing_subscription_id);

CREATE INDEX billing_subscription_items_by_price ON billing_subscription_items (stripe_price_id, org_id);

CREATE INDEX billing_subscription_items_by_subscription ON billing_subscription_items (billing_subscription_id);

CREATE INDEX billing_subscriptions_by_customer ON billing_subscriptions (billing_customer_id);

CREATE INDEX billing_subscriptions_by_org ON billing_subscriptions (org_id, created_at, id);

CREATE INDEX billing_subscriptions_live ON billing_subscriptions (stripe_subscription_id) WHERE stripe_event_rank <> 2;

CREATE INDEX budget_counters_by_org ON budget_counters (org_id, period);

CREATE INDEX budget_counters_of_minutes ON budget_counters (period) WHERE length(period) = 16;

CREATE INDEX budgets_by_org ON budgets (org_id);

CREATE INDEX budgets_by_site ON budgets (site_id) WHERE site_id IS NOT NULL;

CREATE INDEX chat_messages_by_author ON chat_messages (author_user_id) WHERE author_user_id IS NOT NULL;

CREATE INDEX chat_messages_by_org_time ON chat_messages (org_id, created_at, id);

CREATE INDEX chat_messages_by_session_time ON chat_messages (session_id, created_at, id);

CREATE INDEX chat_messages_by_site_time ON chat_messages (site_id, created_at, id);

CREATE INDEX chat_messages_by_time ON chat_messages (created_at, id);

CREATE INDEX chat_messages_unanswered_by_org
  ON chat_messages (org_id, unanswered, created_at, id) WHERE unanswered = 1;

CREATE INDEX chat_messages_unanswered_by_site
  ON chat_messages (site_id, unanswered, created_at, id) WHERE unanswered = 1;

CREATE INDEX chat_messages_unanswered_by_time
  ON chat_messages (unanswered, created_at, id) WHERE unanswered = 1;

CREATE INDEX chat_sessions_active_by_opener ON chat_sessions (site_id, token_id, last_message_at)
  WHERE status = 'active';

CREATE INDEX chat_sessions_active_by_site ON chat_sessions (site_id, last_message_at)
  WHERE status = 'active';

CREATE INDEX chat_sessions_active_by_time ON chat_sessions (last_message_at)
  WHERE status = 'active';

CREATE INDEX chat_sessions_by_end ON chat_sessions (ended_at, id)
  WHERE ended_at IS NOT NULL;

CREATE INDEX chat_sessions_by_handler ON chat_sessions (handoff_user_id) WHERE handoff_user_id IS NOT NULL;

CREATE INDEX chat_sessions_by_org ON chat_sessions (org_id, started_at, id);

CREATE INDEX chat_sessions_by_org_end ON chat_sessions (org_id, ended_at, id)
  WHERE ended_at IS NOT NULL;

CREATE INDEX chat_sessions_by_org_status ON chat_sessions (org_id, status, started_at, id);

CREATE INDEX chat_sessions_by_site ON chat_sessions (site_id, started_at, id);

CREATE INDEX chat_sessions_by_site_end ON chat_sessions (site_id, ended_at, id)
  WHERE ended_at IS NOT NULL;

CREATE INDEX chat_sessions_by_site_status ON chat_sessions (site_id, status, started_at, id);

CREATE INDEX chat_sessions_by_time ON chat_sessions (started_at, id);

CREATE INDEX chat_sessions_by_visitor ON chat_sessions (site_id, visitor_id, started_at);

CREATE INDEX chat_sessions_by_visitor_time ON chat_sessions (visitor_id, started_at, id)
  WHERE visitor_id IS NOT NULL;

CREATE INDEX chat_sessions_handed_off_by_org ON chat_sessions (org_id, handoff_at, id)
  WHERE handoff IS NOT NULL AND status = 'active';

CREATE INDEX chat_sessions_handed_off_by_time ON chat_sessions (handoff_at, id)
  WHERE handoff IS NOT NULL AND status = 'active';

CREATE INDEX chat_sessions_of_visitor ON chat_sessions (org_id, visitor_id, started_at, id)
  WHERE visitor_id IS NOT NULL;

CREATE INDEX chat_sessions_with_lead_by_org ON chat_sessions (org_id, started_at, id)
  WHERE has_lead = 1;

CREATE INDEX chat_sessions_with_lead_by_org_status ON chat_sessions (org_id, status, started_at, id)
  WHERE has_lead = 1;

CREATE INDEX chat_sessions_with_lead_by_site ON chat_sessions (site_id, started_at, id)
  WHERE has_lead = 1;

CREATE INDEX chat_sessions_with_lead_by_site_status ON chat_sessions (site_id, status, started_at, id)
  WHERE has_lead = 1;

CREATE INDEX chat_sessions_with_lead_by_time ON chat_sessions (started_at, id)
  WHERE has_lead = 1;

CREATE UNIQUE INDEX chat_turns_by_client_message ON chat_turns (site_id, client_message_id)
  WHERE client_message_id IS NOT NULL;

CREATE INDEX chat_turns_by_org ON chat_turns (org_id, admitted_at);

CREATE INDEX chat_turns_by_session ON chat_turns (session_id);

CREATE INDEX chat_turns_by_site ON chat_turns (site_id, status, admitted_at);

CREATE INDEX chat_turns_opening_by_client ON chat_turns (site_id, client_digest, admitted_at)
  WHERE opens_session = 1 AND client_digest IS NOT NULL;

CREATE INDEX chat_turns_running_by_time ON chat_turns (admitted_at) WHERE status = 'running';

CREATE INDEX clerk_events_by_org ON clerk_events (org_id, received_at);

CREATE INDEX clerk_events_by_time ON clerk_events (received_at);

CREATE INDEX clerk_events_failed ON clerk_events (received_at) WHERE status = 'failed';

CREATE INDEX deployment_version_pins_by_org ON deployment_version_pins (org_id);

CREATE INDEX deployment_version_pins_by_version ON deployment_version_pins (widget_version_id)
  WHERE widget_version_id IS NOT NULL;

CREATE INDEX ended_sessions_by_expiry ON ended_sessions (expires_at);

CREATE INDEX flow_rules_by_flow ON flow_rules (flow_id, created_at, id);

CREATE INDEX flow_runs_by_org ON flow_runs (org_id, started_at, id);

CREATE INDEX flow_runs_by_time ON flow_runs (started_at, id);

CREATE INDEX flow_steps_by_flow ON flow_steps (flow_id, created_at, id);

CREATE INDEX flows_by_org ON flows (org_id, updated_at, id);

CREATE INDEX flows_by_time ON flows (updated_at, id);

CREATE INDEX gateway_secrets_by_org ON gateway_secrets (org_id);

CREATE INDEX gateway_secrets_by_token ON gateway_secrets (token_id);

CREATE INDEX gateway_tokens_by_org ON gateway_tokens (org_id, created_at, id);

CREATE INDEX gateway_tokens_by_time ON gateway_tokens (created_at, id);

CREATE INDEX idx_action_runs_next_retry_at ON action_runs (next_retry_at) WHERE status = 'failed';

CREATE INDEX idx_billing_invoices_status ON billing_invoices (status);

CREATE INDEX idx_billing_portal_sessions_org_id ON billing_portal_sessions (org_id);

CREATE INDEX idx_billing_records_org_id_period_start_period_end ON billing_records (org_id, period_start, period_end);

CREATE INDEX idx_billing_subscriptions_status ON billing_subscriptions (status);

CREATE INDEX idx_flow_runs_flow_id_started_at ON flow_runs (flow_id, started_at);

CREATE INDEX idx_flow_tests_flow_id ON flow_tests (flow_id);

CREATE INDEX idx_flows_org_id_status ON flows (org_id, status);

CREATE INDEX idx_knowledge_documents_org_id_source_id ON knowledge_documents (org_id, source_id);

CREATE INDEX idx_knowledge_embeddings_version_id ON knowledge_embeddings (version_id);

CREATE INDEX idx_knowledge_ingestion_jobs_org_id_status ON knowledge_ingestion_jobs (org_id, status);

CREATE INDEX idx_metrics_daily_org_id_date ON metrics_daily (org_id, date);

CREATE INDEX idx_stripe_events_event_type ON stripe_events (event_type);

CREATE INDEX idx_users_email ON users (email);

CREATE INDEX idx_webhook_events_org_id_status ON webhook_events (org_id, status);

CREATE INDEX integration_connections_by_org ON integration_connections (org_id, updated_at, id);

CREATE INDEX integration_connections_by_time ON integration_connections (updated_at, id);

CREATE INDEX invitations_by_acceptor ON invitations (accepted_by) WHERE accepted_by IS NOT NULL;

CREATE INDEX invitations_by_clerk_id ON invitations (clerk_invitation_id) WHERE clerk_invitation_id IS NOT NULL;

CREATE INDEX invitations_by_org ON invitations (org_id, created_at, id);

CREATE INDEX invitations_by_org_and_status ON invitations (org_id, status, created_at, id);

CREATE INDEX invitations_by_status ON invitations (status, created_at, id);

CREATE INDEX invitations_by_time ON invitations (created_at, id);

CREATE INDEX invitations_closed_by_email ON invitations (email) WHERE status <> 'open';

CREATE INDEX invitations_open_by_email ON invitations (email, org_id) WHERE status = 'open';

CREATE INDEX invitations_open_by_inviter ON invitations (invited_by) WHERE status = 'open';

CREATE INDEX invitations_open_by_org ON invitations (org_id, expires_at) WHERE status = 'open';

CREATE INDEX job_runs_by_job ON job_runs (job, started_at);

CREATE INDEX job_runs_by_time ON job_runs (started_at);

CREATE INDEX knowledge_chunks_by_page ON knowledge_chunks (version_id, page, id);

CREATE INDEX knowledge_crawls_by_host ON knowledge_crawls (host, lease_until);

CREATE INDEX knowledge_crawls_by_lease ON knowledge_crawls (lease_id) WHERE lease_id IS NOT NULL;

CREATE INDEX knowledge_crawls_by_org ON knowledge_crawls (org_id);

CREATE INDEX knowledge_crawls_by_org_claim ON knowledge_crawls (org_id, claimed_at);

CREATE INDEX knowledge_crawls_due ON knowledge_crawls (due_at) WHERE due_at IS NOT NULL;

CREATE UNIQUE INDEX knowledge_documents_by_external_key ON knowledge_documents (source_id, external_key)
  WHERE external_key IS NOT NULL;

CREATE INDEX knowledge_documents_by_live_version ON knowledge_documents (live_version_id);

CREATE INDEX knowledge_documents_by_org ON knowledge_documents (org_id, updated_at, id);

CREATE INDEX knowledge_documents_by_org_id ON knowledge_documents (org_id, id);

CREATE INDEX knowledge_documents_by_source ON knowledge_documents (source_id, id);

CREATE INDEX knowledge_documents_by_time ON knowledge_documents (updated_at, id);

CREATE INDEX knowledge_documents_due_by_org ON knowledge_documents (org_id, index_due_at)
  WHERE index_due_at IS NOT NULL;

CREATE INDEX knowledge_documents_index_due ON knowledge_documents (index_due_at) WHERE index_due_at IS NOT NULL;

CREATE INDEX knowledge_embeddings_by_chunk ON knowledge_embeddings (chunk_id);

CREATE INDEX knowledge_ingestion_jobs_by_age ON knowledge_ingestion_jobs (org_id, created_at);

CREATE INDEX knowledge_ingestion_jobs_by_document ON knowledge_ingestion_jobs (document_id);

CREATE INDEX knowledge_ingestion_jobs_by_org ON knowledge_ingestion_jobs (org_id, updated_at, id);

CREATE INDEX knowledge_ingestion_jobs_by_source ON knowledge_ingestion_jobs (source_id, type, status);

CREATE INDEX knowledge_ingestion_jobs_by_time ON knowledge_ingestion_jobs (updated_at, id);

CREATE INDEX knowledge_ingestion_jobs_by_version ON knowledge_ingestion_jobs (version_id);

CREATE INDEX knowledge_ingestion_jobs_due ON knowledge_ingestion_jobs (type, coalesce(next_attempt_at, ''), id)
  WHERE status IN ('pending', 'processing');

CREATE INDEX knowledge_ingestion_jobs_due_by_org
  ON knowledge_ingestion_jobs (type, org_id, coalesce(next_attempt_at, ''), id) WHERE status IN ('pending', 'processing');

CREATE INDEX knowledge_pages_by_document ON knowledge_pages (document_id) WHERE document_id IS NOT NULL;

CREATE INDEX knowledge_pages_by_org ON knowledge_pages (org_id);

CREATE INDEX knowledge_pages_by_url ON knowledge_pages (source_id, url);

CREATE INDEX knowledge_pages_due ON knowledge_pages (source_id, depth, digest) WHERE next_at IS NOT NULL;

CREATE INDEX knowledge_policies_by_name ON knowledge_policies (name, id);

CREATE INDEX knowledge_policies_by_org ON knowledge_policies (org_id, updated_at, id);

CREATE INDEX knowledge_policies_by_org_name ON knowledge_policies (org_id, name, id);

CREATE INDEX knowledge_policies_by_time ON knowledge_policies (updated_at, id);

CREATE INDEX knowledge_reindexes_by_time ON knowledge_reindexes (requested_at);

CREATE INDEX knowledge_removals_due ON knowledge_removals (due_at);

CREATE INDEX knowledge_sources_by_org ON knowledge_sources (org_id, updated_at, id);

CREATE INDEX knowledge_sources_by_time ON knowledge_sources (updated_at, id);

CREATE INDEX knowledge_sources_removed ON knowledge_sources (removed_at) WHERE removed_at IS NOT NULL;

CREATE INDEX knowledge_sources_removed_by_org ON knowledge_sources (org_id) WHERE removed_at IS NOT NULL;

CREATE INDEX knowledge_versions_by_document ON knowledge_versions (document_id, version_number, id);

CREATE UNIQUE INDEX knowledge_versions_numbered ON knowledge_versions (document_id, version_number);

CREATE UNIQUE INDEX knowledge_versions_one_live ON knowledge_versions (document_id) WHERE is_live = 1;

CREATE INDEX leads_by_assignee ON leads (assigned_to) WHERE assigned_to IS NOT NULL;

CREATE INDEX leads_by_org ON leads (org_id, created_at, id);

CREATE INDEX leads_by_org_status ON leads (org_id, status, created_at, id);

CREATE INDEX leads_by_session ON leads (session_id, created_at, id) WHERE session_id IS NOT NULL;

CREATE INDEX leads_by_site ON leads (site_id, created_at, id);

CREATE INDEX leads_by_site_status ON leads (site_id, status, created_at, id);

CREATE INDEX leads_by_time ON leads (created_at, id);

CREATE INDEX leads_by_visitor ON leads (org_id, visitor_id) WHERE visitor_id IS NOT NULL;

CREATE INDEX notice_deliveries_by_notice ON notice_deliveries (notice_id);

CREATE INDEX notice_deliveries_by_org ON notice_deliveries (org_id, notice_id);

CREATE INDEX notice_deliveries_due ON notice_deliveries (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

CREATE INDEX notice_deliveries_held ON notice_deliveries (lease_id) WHERE lease_id IS NOT NULL;

CREATE INDEX notices_by_org ON notices (org_id, created_at, id);

CREATE INDEX notices_by_time ON notices (created_at, id);

CREATE UNIQUE INDEX notices_once ON notices (org_id, kind, subject, occasion) WHERE occasion IS NOT NULL;

CREATE INDEX notices_unread_by_org ON notices (org_id, created_at, id) WHERE read_at IS NULL;

CREATE INDEX notices_unread_by_time ON notices (created_at, id) WHERE read_at IS NULL;

CREATE INDEX notifications_by_org ON notifications (org_id, created_at, id);

CREATE INDEX notifications_by_time ON notifications (created_at, id);

CREATE INDEX notifications_unread_by_org ON notifications (org_id, created_at, id) WHERE read_at IS NULL;

CREATE INDEX notifications_unread_by_time ON notifications (created_at, id) WHERE read_at IS NULL;

CREATE INDEX orgs_by_listed_status ON orgs (listed_status, name, id);

CREATE INDEX orgs_by_time ON orgs (created_at, id);

CREATE INDEX orgs_in_grace ON orgs (grace_ends_at) WHERE grace_ends_at IS NOT NULL;

CREATE INDEX outcome_events_by_org_outcome ON outcome_events (org_id, outcome_type, recorded_at, id);

CREATE INDEX outcome_events_by_org_time ON outcome_events (org_id, recorded_at, id);

CREATE INDEX outcome_events_by_org_type ON outcome_events (org_id, event_type, recorded_at, id);

CREATE INDEX outcome_events_by_outcome ON outcome_events (outcome_type, recorded_at, id);

CREATE INDEX outcome_events_by_time ON outcome_events (recorded_at, id);

CREATE INDEX outcome_events_by_type ON outcome_events (event_type, recorded_at, id);

CREATE INDEX portal_sites_active_by_org ON portal_sites (org_id, created_at, id)
  WHERE status = 'active';

CREATE INDEX portal_sites_active_by_time ON portal_sites (created_at, id)
  WHERE status = 'active';

CREATE INDEX portal_sites_by_org ON portal_sites (org_id, created_at, id);

CREATE INDEX portal_sites_by_time ON portal_sites (created_at, id);

CREATE UNIQUE INDEX portal_sites_keyless_origin ON portal_sites (keyless_origin)
  WHERE keyless_origin IS NOT NULL;

CREATE INDEX retention_policies_by_type ON retention_policies (data_type, id);

CREATE INDEX site_deployments_by_org ON site_deployments (org_id, created_at, id);

CREATE INDEX site_deployments_by_profile ON site_deployments (widget_profile_id) WHERE widget_profile_id IS NOT NULL;

CREATE INDEX site_deployments_by_time ON site_deployments (created_at, id);

CREATE INDEX site_keys_by_deployment ON site_keys (deployment_id) WHERE deployment_id IS NOT NULL;

CREATE INDEX site_keys_by_org ON site_keys (org_id);

CREATE INDEX site_keys_by_site ON site_keys (site_id);

CREATE INDEX stripe_events_awaiting ON stripe_events (stripe_customer_id, event_created)
  WHERE processing_error = 'customer_unknown';

CREATE INDEX stripe_events_awaiting_room ON stripe_events (org_id, event_created)
  WHERE processing_error = 'org_has_customer';

CREATE INDEX stripe_events_by_org ON stripe_events (org_id, received_at, id);

CREATE INDEX stripe_events_by_org_status ON stripe_events (org_id, status, received_at, id);

CREATE INDEX stripe_events_by_status ON stripe_events (status, received_at, id);

CREATE INDEX stripe_events_by_time ON stripe_events (received_at, id);

CREATE INDEX usage_meter_events_by_org ON usage_meter_events (org_id, created_at);

CREATE INDEX usage_meter_events_due ON usage_meter_events (due_at) WHERE status = 'pending';

CREATE INDEX user_memberships_by_org ON user_memberships (org_id, created_at, id);

CREATE INDEX user_memberships_owners ON user_memberships (org_id) WHERE role = 'owner';

CREATE INDEX users_active_staff ON users (id) WHERE is_koby_staff = 1 AND status = 'active';

CREATE INDEX users_by_email ON users (lower(email), id) WHERE email IS NOT NULL;

CREATE INDEX users_by_time ON users (created_at, id);

CREATE INDEX webhook_events_by_age ON webhook_events (org_id, received_at);

CREATE INDEX widget_event_counts_by_date ON widget_event_counts (date);

CREATE INDEX widget_event_counts_by_org ON widget_event_counts (org_id, date);

CREATE INDEX widget_profiles_by_org ON widget_profiles (org_id, created_at, id);

CREATE INDEX widget_profiles_by_time ON widget_profiles (created_at, id);

CREATE INDEX widget_versions_by_status ON widget_versions (status, released_at, id);

CREATE INDEX widget_versions_by_time ON widget_versions (released_at, id);

CREATE TRIGGER action_runs_are_counted AFTER UPDATE OF status ON action_runs
WHEN new.status = 'succeeded' AND old.status IS NOT 'succeeded' AND new.usage_counted_at IS NULL
BEGIN
  INSERT INTO billing_records (id, org_id, usage_type, quantity, unit_price_cents, amount_cents, status,
                               period_start, period_end, counting, created_at, updated_at)
  SELECT coalesce(max(b.id) FILTER (WHERE b.counting = 'open' AND b.status = 'pending'),
                  'usage_' || substr(d.at, 1, 10) || '_action_runs_' || new.org_id || '_' || count(b.id)),
         new.org_id, 'action_runs', 1, d.cents, d.cents, 'pending', d.starts, d.ends, 'open', d.at, d.at
  FROM (SELECT t.at, strftime('%Y-%m-%dT00:00:00.000Z', t.at) AS starts,
               strftime('%Y-%m-%dT00:00:00.000Z', t.at, '+1 day') AS ends,
               coalesce((SELECT p.unit_price_cents FROM usage_prices p WHERE p.usage_type = 'action_runs'), 0) AS cents
        FROM (SELECT coalesce(new.completed_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) AS at) t) d
  LEFT JOIN billing_records b ON b.org_id = new.org_id AND b.period_start = d.starts
   AND b.usage_type = 'action_runs' AND b.counting IS NOT NULL
  WHERE true
  ON CONFLICT (id) DO UPDATE SET
    quantity = quantity + 1, amount_cents = (quantity + 1) * unit_price_cents,
    updated_at = max(updated_at, excluded.updated_at);
  UPDATE action_runs SET usage_counted_at = coalesce(new.completed_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
   WHERE id = new.id AND org_id = new.org_id;
END;

CREATE TRIGGER audit_logs_are_not_changed BEFORE UPDATE ON audit_logs
BEGIN
  SELECT RAISE(ABORT, 'audit_logs is append-only');
END;

CREATE TRIGGER audit_logs_are_not_deleted BEFORE DELETE ON audit_logs
BEGIN
  SELECT RAISE(ABORT, 'audit_logs is append-only');
END;

CREATE TRIGGER audit_logs_are_not_replaced BEFORE INSERT ON audit_logs
WHEN EXISTS (SELECT 1 FROM audit_logs a WHERE a.id = new.id)
BEGIN
  SELECT RAISE(ABORT, 'audit_logs is append-only');
END;

CREATE TRIGGER billing_customers_give_way AFTER UPDATE OF stripe_customer_id ON billing_customers
WHEN OLD.stripe_customer_id <> NEW.stripe_customer_id
BEGIN
  INSERT INTO billing_former_customers (stripe_customer_id, org_id) VALUES (OLD.stripe_customer_id, OLD.org_id)
  ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER billing_invoices_join AFTER INSERT ON billing_subscriptions BEGIN
  UPDATE billing_invoices SET billing_subscription_id = NEW.id
  WHERE stripe_subscription_id = NEW.stripe_subscription_id AND org_id = NEW.org_id AND billing_subscription_id IS NULL;
END;

CREATE TRIGGER billing_records_are_added AFTER INSERT ON billing_records
BEGIN
  INSERT INTO usage_of_all_orgs (period_start, period_end, usage_type, status, records, quantity, amount_cents)
  VALUES (NEW.period_start, NEW.period_end, NEW.usage_type, coalesce(NEW.status, 'pending'), 1,
          coalesce(NEW.quantity, 0), coalesce(NEW.amount_cents, 0))
  ON CONFLICT (period_start, period_end, usage_type, status) DO UPDATE SET
    records = records + 1, quantity = quantity + excluded.quantity,
    amount_cents = amount_cents + excluded.amount_cents;
END;

CREATE TRIGGER billing_records_are_moved
AFTER UPDATE OF period_start, period_end, usage_type, status ON billing_records
WHEN (OLD.period_start, OLD.period_end, OLD.usage_type, coalesce(OLD.status, 'pending'))
  <> (NEW.period_start, NEW.period_end, NEW.usage_type, coalesce(NEW.status, 'pending'))
BEGIN
  UPDATE usage_of_all_orgs
     SET records = records - 1, quantity = quantity - coalesce(OLD.quantity, 0),
         amount_cents = amount_cents - coalesce(OLD.amount_cents, 0)
   WHERE period_start = OLD.period_start AND period_end = OLD.period_end
     AND usage_type = OLD.usage_type AND status = coalesce(OLD.status, 'pending');
  INSERT INTO usage_of_all_orgs (period_start, period_end, usage_type, status, records, quantity, amount_cents)
  VALUES (NEW.period_start, NEW.period_end, NEW.usage_type, coalesce(NEW.status, 'pending'), 1,
          coalesce(NEW.quantity, 0), coalesce(NEW.amount_cents, 0))
  ON CONFLICT (period_start, period_end, usage_type, status) DO UPDATE SET
    records = records + 1, quantity = quantity + excluded.quantity,
    amount_cents = amount_cents + excluded.amount_cents;
END;

CREATE TRIGGER billing_records_are_recounted AFTER UPDATE OF quantity, amount_cents ON billing_records
WHEN (OLD.period_start, OLD.period_end, OLD.usage_type, coalesce(OLD.status, 'pending'))
   = (NEW.period_start, NEW.period_end, NEW.usage_type, coalesce(NEW.status, 'pending'))
  AND (coalesce(OLD.quantity, 0), coalesce(OLD.amount_cents, 0))
   <> (coalesce(NEW.quantity, 0), coalesce(NEW.amount_cents, 0))
BEGIN
  UPDATE usage_of_all_orgs
     SET quantity = quantity + coalesce(NEW.quantity, 0) - coalesce(OLD.quantity, 0),
         amount_cents = amount_cents + coalesce(NEW.amount_cents, 0) - coalesce(OLD.amount_cents, 0)
   WHERE period_start = NEW.period_start AND period_end = NEW.period_end
     AND usage_type = NEW.usage_type AND status = coalesce(NEW.status, 'pending');
END;

CREATE TRIGGER billing_records_are_taken AFTER DELETE ON billing_records
BEGIN
  UPDATE usage_of_all_orgs
     SET records = records - 1, quantity = quantity - coalesce(OLD.quantity, 0),
         amount_cents = amount_cents - coalesce(OLD.amount_cents, 0)
   WHERE period_start = OLD.period_start AND period_end = OLD.period_end
     AND usage_type = OLD.usage_type AND status = coalesce(OLD.status, 'pending');
END;

CREATE TRIGGER budget_counters_voice_is_counted AFTER INSERT ON budget_counters
WHEN new.scope_id = new.org_id AND length(new.period) = 10 AND new.voice_ms <> 0
BEGIN
  INSERT INTO billing_records (id, org_id, usage_type, quantity, voice_ms, unit_price_cents, amount_cents, status,
                               period_start, period_end, counting, created_at, updated_at)
  SELECT m.id, new.org_id, 'voice_minutes', m.minutes, m.voice_ms, m.cents, m.minutes * m.cents, 'pending',
         m.starts, m.ends, 'open', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  FROM (
    SELECT coalesce(max(v.id) FILTER (WHERE v.is_open),
                    'usage_' || new.period || '_voice_minutes_' || new.org_id || '_' || count(v.id) FILTER (WHERE v.is_of_day)) AS id,
           new.voice_ms - coalesce(sum(v.voice_ms) FILTER (WHERE v.is_of_day AND NOT v.is_open), 0) AS voice_ms,
           max(0, (new.voice_ms + coalesce(sum(v.voice_ms) FILTER (WHERE NOT v.is_of_day), 0) + 59999) / 60000
                  - coalesce(sum(v.quantity) FILTER (WHERE NOT v.is_open), 0)) AS minutes,
           new.period || 'T00:00:00.000Z' AS starts,
           strftime('%Y-%m-%dT00:00:00.000Z', new.period, '+1 day') AS ends,
           coalesce((SELECT p.unit_price_cents FROM usage_prices p WHERE p.usage_type = 'voice_minutes'), 0) AS cents
    FROM (SELECT b.id, b.quantity, b.voice_ms, b.period_start = new.period || 'T00:00:00.000Z' AS is_of_day,
                 b.period_start = new.period || 'T00:00:00.000Z' AND b.counting = 'open' AND b.status = 'pending' AS is_open
          FROM billing_records b
          WHERE b.org_id = new.org_id AND b.period_start >= substr(new.period, 1, 8) || '01T00:00:00.000Z'
            AND b.period_start <= new.period || 'T00:00:00.000Z'
            AND b.usage_type = 'voice_minutes' AND b.counting IS NOT NULL) v) m
  WHERE true
  ON CONFLICT (id) DO UPDATE SET
    quantity = excluded.quantity, voice_ms = excluded.voice_ms,
    amount_cents = excluded.quantity * unit_price_cents, updated_at = excluded.updated_at;
END;

CREATE TRIGGER budget_counters_voice_is_recounted AFTER UPDATE OF voice_ms ON budget_counters
WHEN new.scope_id = new.org_id AND length(new.period) = 10 AND new.voice_ms <> old.voice_ms
BEGIN
  INSERT INTO billing_records (id, org_id, usage_type, quantity, voice_ms, unit_price_cents, amount_cents, status,
                               period_start, period_end, counting, created_at, updated_at)
  SELECT m.id, new.org_id, 'voice_minutes', m.minutes, m.voice_ms, m.cents, m.minutes * m.cents, 'pending',
         m.starts, m.ends, 'open', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  FROM (
    SELECT coalesce(max(v.id) FILTER (WHERE v.is_open),
                    'usage_' || new.period || '_voice_minutes_' || new.org_id || '_' || count(v.id) FILTER (WHERE v.is_of_day)) AS id,
           new.voice_ms - coalesce(sum(v.voice_ms) FILTER (WHERE v.is_of_day AND NOT v.is_open), 0) AS voice_ms,
           max(0, (new.voice_ms + coalesce(sum(v.voice_ms) FILTER (WHERE NOT v.is_of_day), 0) + 59999) / 60000
                  - coalesce(sum(v.quantity) FILTER (WHERE NOT v.is_open), 0)) AS minutes,
           new.period || 'T00:00:00.000Z' AS starts,
           strftime('%Y-%m-%dT00:00:00.000Z', new.period, '+1 day') AS ends,
           coalesce((SELECT p.unit_price_cents FROM usage_prices p WHERE p.usage_type = 'voice_minutes'), 0) AS cents
    FROM (SELECT b.id, b.quantity, b.voice_ms, b.period_start = new.period || 'T00:00:00.000Z' AS is_of_day,
                 b.period_start = new.period || 'T00:00:00.000Z' AND b.counting = 'open' AND b.status = 'pending' AS is_open
          FROM billing_records b
          WHERE b.org_id = new.org_id AND b.period_start >= substr(new.period, 1, 8) || '01T00:00:00.000Z'
            AND b.period_start <= new.period || 'T00:00:00.000Z'
            AND b.usage_type = 'voice_minutes' AND b.counting IS NOT NULL) v) m
  WHERE true
  ON CONFLICT (id) DO UPDATE SET
    quantity = excluded.quantity, voice_ms = excluded.voice_ms,
    amount_cents = excluded.quantity * unit_price_cents, updated_at = excluded.updated_at;
END;

CREATE TRIGGER budgets_follow_their_plan AFTER UPDATE OF plan ON orgs
WHEN coalesce(old.plan, 'chatbot') <> coalesce(new.plan, 'chatbot')
BEGIN
  UPDATE budgets SET
    site_messages_per_minute = iif(budgets.site_messages_per_minute > later.site_messages_per_minute
      AND budgets.site_messages_per_minute <= coalesce(before.site_messages_per_minute, 9e18),
      NULL, budgets.site_messages_per_minute),
    visitor_messages_per_minute = iif(budgets.visitor_messages_per_minute > later.visitor_messages_per_minute
      AND budgets.visitor_messages_per_minute <= coalesce(before.visitor_messages_per_minute, 9e18),
      NULL, budgets.visitor_messages_per_minute),
    concurrent_sessions = iif(budgets.concurrent_sessions > later.concurrent_sessions
      AND budgets.concurrent_sessions <= coalesce(before.concurrent_sessions, 9e18),
      NULL, budgets.concurrent_sessions),
    message_characters = iif(budgets.message_characters > later.message_characters
      AND budgets.message_characters <= coalesce(before.message_characters, 9e18),
      NULL, budgets.message_characters),
    turn_microusd = iif(budgets.turn_microusd > later.turn_microusd
      AND budgets.turn_microusd <= coalesce(before.turn_microusd, 9e18),
      NULL, budgets.turn_microusd),
    messages_per_day = iif(budgets.site_id IS NULL AND budgets.messages_per_day > later.messages_per_day
      AND budgets.messages_per_day <= coalesce(before.messages_per_day, 9e18),
      NULL, budgets.messages_per_day),
    messages_per_month = iif(budgets.site_id IS NULL AND budgets.messages_per_month > later.messages_per_month
      AND budgets.messages_per_month <= coalesce(before.messages_per_month, 9e18),
      NULL, budgets.messages_per_month),
    microusd_per_day = iif(budgets.site_id IS NULL AND budgets.microusd_per_day > later.microusd_per_day
      AND budgets.microusd_per_day <= coalesce(before.microusd_per_day, 9e18),
      NULL, budgets.microusd_per_day),
    microusd_per_month = iif(budgets.site_id IS NULL AND budgets.microusd_per_month > later.microusd_per_month
      AND budgets.microusd_per_month <= coalesce(before.microusd_per_month, 9e18),
      NULL, budgets.microusd_per_month),
    voice_seconds_per_month = iif(budgets.site_id IS NULL
      AND budgets.voice_seconds_per_month > later.voice_seconds_per_month
      AND budgets.voice_seconds_per_month <= coalesce(before.voice_seconds_per_month, 9e18),
      NULL, budgets.voice_seconds_per_month)
  FROM plan_limits later
  LEFT JOIN plan_limits before ON before.plan = coalesce(old.plan, 'chatbot')
  WHERE budgets.org_id = new.id AND later.plan = coalesce(new.plan, 'chatbot');
END;

CREATE TRIGGER chat_messages_changed AFTER UPDATE OF content ON chat_messages
BEGIN
  INSERT INTO search_changes (org_id, message_id) VALUES (new.org_id, new.id);
END;

CREATE TRIGGER chat_messages_deleted AFTER DELETE ON chat_messages
BEGIN
  INSERT INTO search_changes (org_id, message_id) VALUES (old.org_id, old.id);
END;

CREATE TRIGGER chat_messages_inserted AFTER INSERT ON chat_messages
BEGIN
  INSERT INTO search_changes (org_id, message_id) VALUES (new.org_id, new.id);
END;

CREATE TRIGGER chat_turns_are_counted AFTER UPDATE OF status ON chat_turns
WHEN old.status = 'running' AND new.status IN ('answered', 'partial')
BEGIN
  INSERT INTO billing_records (id, org_id, usage_type, quantity, unit_price_cents, amount_cents, status,
                               period_start, period_end, counting, created_at, updated_at)
  SELECT coalesce(max(b.id) FILTER (WHERE b.counting = 'open' AND b.status = 'pending'),
                  'usage_' || d.day || '_chat_messages_' || new.org_id || '_' || count(b.id)),
         new.org_id, 'chat_messages', 1, d.cents, d.cents, 'pending', d.starts, d.ends, 'open', d.at, d.at
  FROM (SELECT substr(new.admitted_at, 1, 10) AS day, coalesce(new.ended_at, new.admitted_at) AS at,
               strftime('%Y-%m-%dT00:00:00.000Z', new.admitted_at) AS starts,
               strftime('%Y-%m-%dT00:00:00.000Z', new.admitted_at, '+1 day') AS ends,
               coalesce((SELECT p.unit_price_cents FROM usage_prices p WHERE p.usage_type = 'chat_messages'), 0) AS cents
       ) d
  LEFT JOIN billing_records b ON b.org_id = new.org_id AND b.period_start = d.starts
   AND b.usage_type = 'chat_messages' AND b.counting IS NOT NULL
  WHERE true
  ON CONFLICT (id) DO UPDATE SET
    quantity = quantity + 1, amount_cents = (quantity + 1) * unit_price_cents,
    updated_at = max(updated_at, excluded.updated_at);
END;

CREATE TRIGGER chat_turns_forget_a_deleted_visitor AFTER DELETE ON chat_sessions
BEGIN
  UPDATE chat_turns SET visitor_id = NULL, client_message_id = NULL
   WHERE session_id = old.id AND org_id = old.org_id;
END;

CREATE TRIGGER chat_turns_forget_an_unknown_visitor AFTER UPDATE OF visitor_id ON chat_sessions
WHEN old.visitor_id IS NOT NULL AND new.visitor_id IS NULL
BEGIN
  UPDATE chat_turns SET visitor_id = NULL, client_message_id = NULL
   WHERE session_id = old.id AND org_id = old.org_id;
END;

CREATE TRIGGER chat_turns_forget_their_client AFTER UPDATE OF visitor_id ON chat_turns
WHEN new.visitor_id IS NULL AND (new.client_digest IS NOT NULL OR new.message_digest IS NOT NULL)
BEGIN
  UPDATE chat_turns SET client_digest = NULL, message_digest = NULL WHERE id = new.id AND org_id = new.org_id;
END;

CREATE TRIGGER knowledge_document_counted AFTER INSERT ON knowledge_documents BEGIN
  INSERT INTO knowledge_usage (org_id, documents) VALUES (new.org_id, 1)
  ON CONFLICT (org_id) DO UPDATE SET documents = documents + 1;
END;

CREATE TRIGGER knowledge_document_deleted AFTER DELETE ON knowledge_documents BEGIN
  INSERT INTO knowledge_removals (org_id, document_id, due_at) VALUES (old.org_id, old.id, '')
  ON CONFLICT (org_id, document_id) DO UPDATE SET due_at = '', is_told = 0;
END;

CREATE TRIGGER knowledge_document_uncounted AFTER DELETE ON knowledge_documents BEGIN
  UPDATE knowledge_usage SET documents = documents - 1 WHERE org_id = old.org_id;
END;

CREATE TRIGGER knowledge_source_counted AFTER INSERT ON knowledge_sources WHEN new.removed_at IS NULL BEGIN
  INSERT INTO knowledge_usage (org_id, sources) VALUES (new.org_id, 1)
  ON CONFLICT (org_id) DO UPDATE SET sources = sources + 1;
END;

CREATE TRIGGER knowledge_source_removed AFTER UPDATE OF removed_at ON knowledge_sources
WHEN old.removed_at IS NULL AND new.removed_at IS NOT NULL BEGIN
  UPDATE knowledge_usage SET sources = sources - 1 WHERE org_id = old.org_id;
END;

CREATE TRIGGER knowledge_source_uncounted AFTER DELETE ON knowledge_sources WHEN old.removed_at IS NULL BEGIN
  UPDATE knowledge_usage SET sources = sources - 1 WHERE org_id = old.org_id;
END;

CREATE TRIGGER knowledge_version_counted AFTER INSERT ON knowledge_versions WHEN new.stored_bytes > 0 BEGIN
  INSERT INTO knowledge_usage (org_id, bytes) VALUES (new.org_id, new.stored_bytes)
  ON CONFLICT (org_id) DO UPDATE SET bytes = bytes + new.stored_bytes;
END;

CREATE TRIGGER knowledge_version_emptied AFTER UPDATE OF stored_bytes ON knowledge_versions
WHEN old.stored_bytes <> new.stored_bytes BEGIN
  UPDATE knowledge_usage SET bytes = bytes + new.stored_bytes - old.stored_bytes WHERE org_id = old.org_id;
END;

CREATE TRIGGER knowledge_version_uncounted AFTER DELETE ON knowledge_versions WHEN old.stored_bytes > 0 BEGIN
  UPDATE knowledge_usage SET bytes = bytes - old.stored_bytes WHERE org_id = old.org_id;
END;

CREATE TRIGGER leads_mark_their_session AFTER INSERT ON leads WHEN new.session_id IS NOT NULL
BEGIN
  UPDATE chat_sessions SET has_lead = 1 WHERE id = new.session_id AND org_id = new.org_id;
END;

CREATE TRIGGER leads_unmark_their_session AFTER DELETE ON leads WHEN old.session_id IS NOT NULL
BEGIN
  UPDATE chat_sessions SET has_lead = 0
   WHERE id = old.session_id AND org_id = old.org_id
     AND NOT EXISTS (SELECT 1 FROM leads l WHERE l.session_id = old.session_id);
END;

CREATE TRIGGER notices_are_sent AFTER INSERT ON notices
BEGIN
  INSERT INTO notice_deliveries (id, org_id, notice_id, channel, recipient, next_attempt_at)
  SELECT new.id || '-' || u.id, new.org_id, new.id, 'email', u.id, new.created_at
    FROM user_memberships m JOIN users u ON u.clerk_user_id = m.clerk_user_id
   WHERE m.org_id = new.org_id AND m.role = 'owner' AND u.status = 'active'
   LIMIT 20;
  INSERT INTO notice_deliveries (id, org_id, notice_id, channel, recipient, next_attempt_at)
  SELECT new.id || '-' || s.org_id, s.org_id, new.id, 'sms', s.org_id, new.created_at
    FROM notice_settings s
   WHERE s.org_id = new.org_id AND s.sms_phone IS NOT NULL;
END;

CREATE TRIGGER notices_of_standing AFTER UPDATE OF billing_standing ON orgs
WHEN old.billing_standing IS NOT new.billing_standing
  AND (new.billing_standing IN ('grace', 'read_only')
       OR (new.billing_standing IN ('none', 'good') AND old.billing_standing <> 'unbilled'))
BEGIN
  INSERT INTO notices (id, org_id, kind, details, created_at)
  VALUES (lower(hex(randomblob(16))), new.id,
          iif(new.billing_standing = 'grace', 'billing.past_due',
              iif(new.billing_standing = 'read_only', 'billing.read_only',
                  iif(new.billing_standing = 'none', 'billing.ended', 'billing.recovered'))),
          iif(new.billing_standing = 'grace', json_object('graceEndsAt', new.grace_ends_at), '{}'),
          coalesce(new.updated_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')));
END;

CREATE TRIGGER outcome_events_are_summed AFTER INSERT ON outcome_events
BEGIN
  INSERT INTO outcomes_daily (scope_id, date, outcome_type, currency, outcomes, amount_cents)
  VALUES (NEW.org_id, coalesce(substr(NEW.recorded_at, 1, 10), ''), NEW.outcome_type,
          upper(coalesce(NEW.currency, 'USD')), 1, coalesce(NEW.amount_cents, 0)),
         ('*', coalesce(substr(NEW.recorded_at, 1, 10), ''), NEW.outcome_type,
          upper(coalesce(NEW.currency, 'USD')), 1, coalesce(NEW.amount_cents, 0))
  ON CONFLICT (scope_id, date, outcome_type, currency) DO UPDATE SET
    outcomes = outcomes + 1, amount_cents = amount_cents + excluded.amount_cents;
  INSERT INTO outcomes_ever (scope_id, outcome_type, currency, outcomes, amount_cents)
  VALUES (NEW.org_id, NEW.outcome_type, upper(coalesce(NEW.currency, 'USD')), 1,
          coalesce(NEW.amount_cents, 0)),
         ('*', NEW.outcome_type, upper(coalesce(NEW.currency, 'USD')), 1,
          coalesce(NEW.amount_cents, 0))
  ON CONFLICT (scope_id, outcome_type, currency) DO UPDATE SET
    outcomes = outcomes + 1, amount_cents = amount_cents + excluded.amount_cents;
END;

CREATE TRIGGER outcome_events_stay_as_recorded
BEFORE UPDATE OF amount_cents, currency, outcome_type, recorded_at, org_id ON outcome_events
WHEN new.amount_cents IS NOT old.amount_cents OR new.currency IS NOT old.currency
  OR new.outcome_type IS NOT old.outcome_type OR new.recorded_at IS NOT old.recorded_at
  OR new.org_id IS NOT old.org_id
BEGIN
  SELECT RAISE(ABORT, 'an outcome is not changed once it is recorded');
END;

CREATE TRIGGER portal_sites_are_counted AFTER INSERT ON portal_sites
BEGIN
  UPDATE orgs SET site_count = site_count + 1 WHERE id = new.org_id;
END;

CREATE TRIGGER portal_sites_are_discounted AFTER DELETE ON portal_sites
BEGIN
  UPDATE orgs SET site_count = site_count - 1 WHERE id = old.org_id;
END;

CREATE TRIGGER portal_sites_are_recounted AFTER UPDATE OF org_id ON portal_sites
BEGIN
  UPDATE orgs SET site_count = site_count - 1 WHERE id = old.org_id;
  UPDATE orgs SET site_count = site_count + 1 WHERE id = new.org_id;
END;

CREATE TRIGGER user_memberships_are_counted AFTER INSERT ON user_memberships
BEGIN
  UPDATE orgs SET member_count = member_count + 1 WHERE id = new.org_id;
  UPDATE users SET org_count = org_count + 1 WHERE clerk_user_id = new.clerk_user_id;
END;

CREATE TRIGGER user_memberships_are_discounted AFTER DELETE ON user_memberships
BEGIN
  UPDATE orgs SET member_count = member_count - 1 WHERE id = old.org_id;
  UPDATE users SET org_count = org_count - 1 WHERE clerk_user_id = old.clerk_user_id;
END;

CREATE TRIGGER user_memberships_are_recounted AFTER UPDATE OF org_id, clerk_user_id ON user_memberships
BEGIN
  UPDATE orgs SET member_count = member_count - 1 WHERE id = old.org_id;
  UPDATE users SET org_count = org_count - 1 WHERE clerk_user_id = old.clerk_user_id;
  UPDATE orgs SET member_count = member_count + 1 WHERE id = new.org_id;
  UPDATE users SET org_count = org_count + 1 WHERE clerk_user_id = new.clerk_user_id;
END;

CREATE TRIGGER users_are_counted AFTER INSERT ON users
BEGIN
  UPDATE row_counts SET total = total + 1 WHERE name = 'users';
  UPDATE users SET org_count =
    (SELECT count(*) FROM user_memberships m WHERE m.clerk_user_id = new.clerk_user_id)
   WHERE id = new.id;
END;

CREATE TRIGGER users_are_discounted AFTER DELETE ON users
BEGIN
  UPDATE row_counts SET total = total - 1 WHERE name = 'users';
END;

-- SEARCH

CREATE TABLE feeds (
  name TEXT PRIMARY KEY,
  seq INTEGER NOT NULL
);

CREATE TABLE messages (
  -- Grows with time, so that the newest matches are read first.
  id INTEGER PRIMARY KEY,
  message_id TEXT NOT NULL UNIQUE,
  session_id TEXT NOT NULL,
  org_id TEXT NOT NULL,
  -- The org as one token for FTS5: 't' and 16 hex digits of SHA-256(org_id).
  tenant_key TEXT NOT NULL,
  content TEXT NOT NULL
);

CREATE VIRTUAL TABLE messages_fts USING fts5 (
  tenant_key, content,
  content = 'messages', content_rowid = 'id',
  tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE TABLE passage_vectors (
  passage_id INTEGER PRIMARY KEY REFERENCES passages(id) ON DELETE CASCADE,
  org_id TEXT NOT NULL,
  model TEXT NOT NULL,
  vector TEXT NOT NULL
, signs_1 INTEGER, signs_2 INTEGER, signs_3 INTEGER, signs_4 INTEGER, signs_5 INTEGER, signs_6 INTEGER);

CREATE TABLE passages (
  id INTEGER PRIMARY KEY,
  chunk_id TEXT NOT NULL UNIQUE,
  org_id TEXT NOT NULL,
  -- The org as one token for FTS5: 't' and 16 hex digits of SHA-256(org_id).
  tenant_key TEXT NOT NULL,
  source_id TEXT NOT NULL,
  document_id TEXT NOT NULL,
  version_id TEXT NOT NULL,
  title TEXT NOT NULL,
  content TEXT NOT NULL,
  page_label TEXT
, skeleton TEXT GENERATED ALWAYS AS (
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
    lower(title || ' ' || coalesce(page_label, '') || ' ' || content)
    , 'a', ''), 'e', ''), 'i', ''), 'o', ''), 'u', ''), 'á', ''), 'é', ''), 'í', '')
    , 'ó', ''), 'ú', ''), 'ü', ''), 'Á', ''), 'É', ''), 'Í', ''), 'Ó', ''), 'Ú', '')
    , 'Ü', ''), 'bb', 'b'), 'cc', 'c'), 'dd', 'd'), 'ff', 'f'), 'gg', 'g'), 'jj', 'j'), 'kk', 'k')
    , 'll', 'l'), 'mm', 'm'), 'nn', 'n'), 'pp', 'p'), 'rr', 'r'), 'ss', 's'), 'tt', 't'), 'vv', 'v')
    , 'zz', 'z')
) VIRTUAL);

CREATE VIRTUAL TABLE passages_fts USING fts5 (
  tenant_key, title, content,
  content = 'passages', content_rowid = 'id',
  tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE VIRTUAL TABLE passages_words USING fts5 (
  tenant_key, title, page_label, content, skeleton,
  content = 'passages', content_rowid = 'id',
  tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE TABLE 'passages_words_config'(k PRIMARY KEY, v) WITHOUT ROWID;

CREATE TABLE 'passages_words_data'(id INTEGER PRIMARY KEY, block BLOB);

CREATE TABLE 'passages_words_docsize'(id INTEGER PRIMARY KEY, sz BLOB);

CREATE TABLE 'passages_words_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;

CREATE INDEX messages_by_org ON messages (org_id);

CREATE INDEX messages_by_session ON messages (session_id);

CREATE INDEX passage_vectors_by_signs
  ON passage_vectors (org_id, model, passage_id, signs_1, signs_2, signs_3, signs_4, signs_5, signs_6);

CREATE INDEX passages_by_document ON passages (org_id, document_id, version_id);

CREATE INDEX passages_by_org ON passages (org_id);

CREATE INDEX passages_by_version ON passages (version_id);

CREATE TRIGGER messages_deleted AFTER DELETE ON messages BEGIN
  INSERT INTO messages_fts (messages_fts, rowid, tenant_key, content)
  VALUES ('delete', old.id, old.tenant_key, old.content);
END;

CREATE TRIGGER messages_inserted AFTER INSERT ON messages BEGIN
  INSERT INTO messages_fts (rowid, tenant_key, content)
  VALUES (new.id, new.tenant_key, new.content);
END;

CREATE TRIGGER messages_updated AFTER UPDATE ON messages BEGIN
  INSERT INTO messages_fts (messages_fts, rowid, tenant_key, content)
  VALUES ('delete', old.id, old.tenant_key, old.content);
  INSERT INTO messages_fts (rowid, tenant_key, content)
  VALUES (new.id, new.tenant_key, new.content);
END;

CREATE TRIGGER passage_vectors_changed AFTER UPDATE OF vector ON passage_vectors
WHEN new.vector IS NOT old.vector AND new.signs_1 IS old.signs_1 AND new.signs_1 IS NOT NULL BEGIN
  UPDATE passage_vectors
  SET signs_1 = NULL, signs_2 = NULL, signs_3 = NULL, signs_4 = NULL, signs_5 = NULL, signs_6 = NULL
  WHERE passage_id = new.passage_id;
END;

CREATE TRIGGER passages_deleted AFTER DELETE ON passages BEGIN
  INSERT INTO passages_fts (passages_fts, rowid, tenant_key, title, content)
  VALUES ('delete', old.id, old.tenant_key, old.title, old.content);
END;

CREATE TRIGGER passages_inserted AFTER INSERT ON passages BEGIN
  INSERT INTO passages_fts (rowid, tenant_key, title, content)
  VALUES (new.id, new.tenant_key, new.title, new.content);
END;

CREATE TRIGGER passages_updated AFTER UPDATE ON passages BEGIN
  INSERT INTO passages_fts (passages_fts, rowid, tenant_key, title, content)
  VALUES ('delete', old.id, old.tenant_key, old.title, old.content);
  INSERT INTO passages_fts (rowid, tenant_key, title, content)
  VALUES (new.id, new.tenant_key, new.title, new.content);
END;

CREATE TRIGGER passages_words_deleted AFTER DELETE ON passages BEGIN
  INSERT INTO passages_words (passages_words, rowid, tenant_key, title, page_label, content, skeleton)
  VALUES ('delete', old.id, old.tenant_key, old.title, old.page_label, old.content, old.skeleton);
END;

CREATE TRIGGER passages_words_inserted AFTER INSERT ON passages BEGIN
  INSERT INTO passages_words (rowid, tenant_key, title, page_label, content, skeleton)
  VALUES (new.id, new.tenant_key, new.title, new.page_label, new.content, new.skeleton);
END;

CREATE TRIGGER passages_words_updated AFTER UPDATE ON passages BEGIN
  INSERT INTO passages_words (passages_words, rowid, tenant_key, title, page_label, content, skeleton)
  VALUES ('delete', old.id, old.tenant_key, old.title, old.page_label, old.content, old.skeleton);
  INSERT INTO passages_words (rowid, tenant_key, title, page_label, content, skeleton)
  VALUES (new.id, new.tenant_key, new.title, new.page_label, new.content, new.skeleton);
  UPDATE passage_vectors SET model = '', vector = '' WHERE passage_id = old.id AND old.content IS NOT new.content;
END;
