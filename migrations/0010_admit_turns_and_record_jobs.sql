-- What a visitor's turn costs and may cost, who may call for a site besides its pages, and what ran by the
-- clock.

-- Budgets ---------------------------------------------------------------------------------------

-- What a plan includes, when neither the org nor the site says otherwise. NULL is no limit. Money is in
-- millionths of a US dollar; a turn may cost turn_microusd at most, which is set aside when it is admitted.
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
) WITHOUT ROWID;

INSERT INTO plan_limits (plan, site_messages_per_minute, visitor_messages_per_minute, messages_per_day,
                         messages_per_month, microusd_per_day, microusd_per_month, concurrent_sessions,
                         message_characters, turn_microusd, voice_seconds_per_month)
VALUES ('chatbot',     60, 30,    50,   1500,   500000,   10000000,   50, 5000, 20000,   3600),
       ('phone',       60, 30,    50,   1500,   500000,   10000000,   50, 5000, 20000,  60000),
       ('bundle',     120, 30,  1000,  20000,  5000000,  100000000,  100, 5000, 40000,  60000),
       ('enterprise', 600, 60, 20000, 500000, 50000000, 1000000000, 1000, 5000, 80000, 600000)
ON CONFLICT DO NOTHING;

-- What an org, or one of its sites, has instead of its plan's values. NULL leaves them; for a site it means
-- that its org's limit is the only one.
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

CREATE INDEX budgets_by_org ON budgets (org_id);
CREATE INDEX budgets_by_site ON budgets (site_id) WHERE site_id IS NOT NULL;

-- What was used: one row per scope and period. A scope is an org or a site by its id, 'deployment:' and an id, or
-- one of these (or 'visitor:' of a site) behind 'minute:'; a period is a day '2026-03-15' or a minute
-- '2026-03-15T12:00'. A month is the sum of its days. Advanced in the transaction that admits.
CREATE TABLE budget_counters (
  scope_id TEXT NOT NULL,
  period TEXT NOT NULL,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  messages INTEGER NOT NULL DEFAULT 0,
  microusd INTEGER NOT NULL DEFAULT 0,
  voice_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (scope_id, period)
) WITHOUT ROWID;

CREATE INDEX budget_counters_by_org ON budget_counters (org_id, period);
-- Minutes are soon forgotten.
CREATE INDEX budget_counters_of_minutes ON budget_counters (period) WHERE length(period) = 16;

-- Turns -----------------------------------------------------------------------------------------

-- A message that was let in, from then until its answer is stored. The id is the answer's too.
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
) WITHOUT ROWID;

CREATE UNIQUE INDEX chat_turns_by_client_message ON chat_turns (site_id, client_message_id)
  WHERE client_message_id IS NOT NULL;
CREATE INDEX chat_turns_by_site ON chat_turns (site_id, status, admitted_at);
CREATE INDEX chat_turns_running_by_time ON chat_turns (admitted_at) WHERE status = 'running';
CREATE INDEX chat_turns_by_org ON chat_turns (org_id, admitted_at);
CREATE INDEX chat_turns_by_session ON chat_turns (session_id);

-- A turn forgets its visitor with its conversation; the turn itself is soon forgotten as well.
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

-- What made an answer and what it cost; NULL for messages of people.
ALTER TABLE chat_messages ADD COLUMN provider TEXT;
ALTER TABLE chat_messages ADD COLUMN model TEXT;
ALTER TABLE chat_messages ADD COLUMN prompt_tokens INTEGER;
ALTER TABLE chat_messages ADD COLUMN completion_tokens INTEGER;
ALTER TABLE chat_messages ADD COLUMN cost_microusd INTEGER;
-- Why the answer ended: stop, length, blocked, handed_off, interrupted (the visitor left) or cut (the provider
-- died). Of the last two the content is a part.
ALTER TABLE chat_messages ADD COLUMN finish_reason TEXT;
-- Where the answer comes from, as the visitor was told.
ALTER TABLE chat_messages ADD COLUMN citations JSON;

-- Embeds and servers ----------------------------------------------------------------------------

-- A site as it is embedded in one environment, with its own key, pages and limits.
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

CREATE INDEX site_deployments_by_org ON site_deployments (org_id, created_at, id);
CREATE INDEX site_deployments_by_profile ON site_deployments (widget_profile_id) WHERE widget_profile_id IS NOT NULL;

-- Every key that opens a site beside portal_sites.site_key: those of its deployments (deployment_id), and such as
-- were rotated away and still count until they expire. A key once given is never given to another.
CREATE TABLE site_keys (
  key TEXT PRIMARY KEY,
  site_id TEXT NOT NULL REFERENCES portal_sites(id) ON DELETE CASCADE,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  deployment_id TEXT REFERENCES site_deployments(id) ON DELETE CASCADE,
  -- NULL while it is the present key.
  expires_at TEXT,
  created_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX site_keys_by_site ON site_keys (site_id);
CREATE INDEX site_keys_by_org ON site_keys (org_id);
CREATE INDEX site_keys_by_deployment ON site_keys (deployment_id) WHERE deployment_id IS NOT NULL;

-- How a widget looks and behaves; shared by the deployments of an org.
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

CREATE INDEX widget_profiles_by_org ON widget_profiles (org_id, created_at, id);

-- What lets a customer's server talk to the org's bots. Only the digest of the secret is kept.
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

CREATE INDEX gateway_tokens_by_org ON gateway_tokens (org_id, created_at, id);

-- Its secrets: the present one, and those that were rotated away and still count until they expire.
CREATE TABLE gateway_secrets (
  digest TEXT PRIMARY KEY,
  token_id TEXT NOT NULL REFERENCES gateway_tokens(id) ON DELETE CASCADE,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  expires_at TEXT,
  created_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX gateway_secrets_by_token ON gateway_secrets (token_id);
CREATE INDEX gateway_secrets_by_org ON gateway_secrets (org_id);

-- Jobs ------------------------------------------------------------------------------------------

-- What runs by the clock: who holds it, how far it came, and when it is due again.
CREATE TABLE jobs (
  name TEXT PRIMARY KEY,
  due_at TEXT NOT NULL,
  lease_id TEXT,
  lease_until TEXT,
  cursor TEXT
) WITHOUT ROWID;

-- One row per run: how it went.
CREATE TABLE job_runs (
  id TEXT PRIMARY KEY,
  job TEXT NOT NULL,
  started_at TEXT NOT NULL,
  ended_at TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('done', 'more', 'failed')),
  items INTEGER NOT NULL DEFAULT 0,
  reason TEXT
) WITHOUT ROWID;

CREATE INDEX job_runs_by_time ON job_runs (started_at);
CREATE INDEX job_runs_by_job ON job_runs (job, started_at);
