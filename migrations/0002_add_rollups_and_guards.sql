-- What this Worker adds to the tables it takes over: daily rollups, the time of a session's last
-- message, allowed origins per site, and the guards that keep the Stripe mirror in order.

-- Chat ------------------------------------------------------------------------------------------

-- When the session last saw a message; a session counts as active for 30 minutes after it.
ALTER TABLE chat_sessions ADD COLUMN last_message_at TEXT;

CREATE INDEX chat_sessions_active_by_site ON chat_sessions (site_id, last_message_at)
  WHERE status = 'active';
CREATE INDEX chat_sessions_active_by_time ON chat_sessions (last_message_at)
  WHERE status = 'active';
CREATE INDEX chat_sessions_by_visitor ON chat_sessions (site_id, visitor_id, started_at);
CREATE INDEX chat_messages_by_session ON chat_messages (session_id, created_at);

-- Pages that may talk to the site: a JSON array of origins, `https://*.example.com` included.
ALTER TABLE portal_sites ADD COLUMN allowed_origins JSON DEFAULT '[]';
-- The one origin whose pages reach this site without sending its key.
ALTER TABLE portal_sites ADD COLUMN keyless_origin TEXT;

CREATE UNIQUE INDEX portal_sites_keyless_origin ON portal_sites (keyless_origin)
  WHERE keyless_origin IS NOT NULL;

-- Metrics ---------------------------------------------------------------------------------------

ALTER TABLE metrics_daily ADD COLUMN answers INTEGER NOT NULL DEFAULT 0;
ALTER TABLE metrics_daily ADD COLUMN latency_ms_total INTEGER NOT NULL DEFAULT 0;

-- One row per org and day, and one per day for all orgs (`*`), so that a dashboard reads 31 rows.
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
  appointments INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (scope_id, date)
) WITHOUT ROWID;

-- The former chat Worker counted one message per exchange and kept a mean latency; now both the
-- question and the answer count.
UPDATE metrics_daily
   SET answers = coalesce(total_messages, 0),
       total_messages = 2 * coalesce(total_messages, 0),
       latency_ms_total = CAST(round(coalesce(avg_latency_ms, 0) * coalesce(total_messages, 0)) AS INTEGER);

INSERT INTO metrics_rollup (scope_id, date, sessions, messages, answers, latency_ms_total, tokens,
                            unique_visitors, leads, appointments)
SELECT org_id, date, sum(coalesce(total_sessions, 0)), sum(coalesce(total_messages, 0)), sum(answers),
       sum(latency_ms_total), sum(coalesce(total_tokens, 0)), sum(coalesce(unique_visitors, 0)),
       sum(coalesce(leads_captured, 0)), sum(coalesce(appointments_booked, 0))
  FROM metrics_daily GROUP BY org_id, date;

INSERT INTO metrics_rollup (scope_id, date, sessions, messages, answers, latency_ms_total, tokens,
                            unique_visitors, leads, appointments)
SELECT '*', date, sum(sessions), sum(messages), sum(answers), sum(latency_ms_total), sum(tokens),
       sum(unique_visitors), sum(leads), sum(appointments)
  FROM metrics_rollup GROUP BY date;

-- Billing ---------------------------------------------------------------------------------------

-- `event.created` of the newest event that was applied, and its rank among events of one second, so
-- that an older snapshot never overwrites a newer one.
ALTER TABLE billing_customers ADD COLUMN stripe_event_created INTEGER NOT NULL DEFAULT 0;
ALTER TABLE billing_customers ADD COLUMN deleted_at TEXT;
ALTER TABLE billing_subscriptions ADD COLUMN stripe_event_created INTEGER NOT NULL DEFAULT 0;
ALTER TABLE billing_subscriptions ADD COLUMN stripe_event_rank INTEGER NOT NULL DEFAULT 0;
-- Stripe's own word for the status; `status` holds the nearest of those this schema knows.
ALTER TABLE billing_subscriptions ADD COLUMN stripe_status TEXT;

-- SQLite looks through the children of a parent key that it writes.
CREATE INDEX billing_subscriptions_by_customer ON billing_subscriptions (billing_customer_id);
CREATE INDEX billing_invoices_by_customer ON billing_invoices (billing_customer_id);
CREATE INDEX billing_portal_sessions_by_customer ON billing_portal_sessions (billing_customer_id);
CREATE INDEX billing_invoices_by_subscription ON billing_invoices (billing_subscription_id);

-- Which delivery claimed the event, how many were tried, and when Stripe made it.
ALTER TABLE stripe_events ADD COLUMN delivery_id TEXT;
ALTER TABLE stripe_events ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE stripe_events ADD COLUMN event_created INTEGER;

-- Audit -----------------------------------------------------------------------------------------

CREATE INDEX audit_logs_by_org ON audit_logs (org_id, created_at, id);

-- Timestamps ------------------------------------------------------------------------------------

-- Tables of a few thousand rows at most; the large ones keep both formats, which are read alike.
UPDATE orgs SET created_at = replace(created_at, ' ', 'T') || '.000Z'
 WHERE created_at LIKE '____-__-__ __:__:__';
UPDATE user_memberships SET created_at = replace(created_at, ' ', 'T') || '.000Z'
 WHERE created_at LIKE '____-__-__ __:__:__';
UPDATE portal_sites SET created_at = replace(created_at, ' ', 'T') || '.000Z'
 WHERE created_at LIKE '____-__-__ __:__:__';
UPDATE users SET last_login_at = replace(last_login_at, ' ', 'T') || '.000Z'
 WHERE last_login_at LIKE '____-__-__ __:__:__';
