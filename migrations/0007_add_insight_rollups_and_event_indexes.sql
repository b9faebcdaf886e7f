-- What the dashboards read: hours, topics and unanswered questions of each day, and indexes along which
-- the feed of events, the clients and the unanswered questions are read page by page.

-- Insights --------------------------------------------------------------------------------------

-- Sessions that began in each hour (UTC) of the day, {"13": 4}; questions answered from each document,
-- {"Opening hours": 7}, at most 100 titles a day; and questions that found no answer.
ALTER TABLE metrics_rollup ADD COLUMN hours TEXT NOT NULL DEFAULT '{}';
ALTER TABLE metrics_rollup ADD COLUMN topics TEXT NOT NULL DEFAULT '{}';
ALTER TABLE metrics_rollup ADD COLUMN unanswered INTEGER NOT NULL DEFAULT 0;
ALTER TABLE metrics_daily ADD COLUMN hours TEXT NOT NULL DEFAULT '{}';
ALTER TABLE metrics_daily ADD COLUMN topics TEXT NOT NULL DEFAULT '{}';
ALTER TABLE metrics_daily ADD COLUMN unanswered INTEGER NOT NULL DEFAULT 0;

-- The last message of the day's turns.
ALTER TABLE metrics_rollup ADD COLUMN last_message_at TEXT;

-- 1 for a visitor's question to which nothing was found.
ALTER TABLE chat_messages ADD COLUMN unanswered INTEGER NOT NULL DEFAULT 0;

-- The flag is a column too, so that these are preferred to the indexes of all messages.
CREATE INDEX chat_messages_unanswered_by_org
  ON chat_messages (org_id, unanswered, created_at, id) WHERE unanswered = 1;
CREATE INDEX chat_messages_unanswered_by_site
  ON chat_messages (site_id, unanswered, created_at, id) WHERE unanswered = 1;
CREATE INDEX chat_messages_unanswered_by_time
  ON chat_messages (unanswered, created_at, id) WHERE unanswered = 1;

-- Past days learn their hours from the sessions. The hour stands at the same place in both formats of
-- a timestamp.
WITH counted AS (
  SELECT org_id, site_id, substr(started_at, 1, 10) AS day,
         CAST(CAST(substr(started_at, 12, 2) AS INTEGER) AS TEXT) AS hour, count(*) AS sessions
    FROM chat_sessions WHERE started_at LIKE '____-__-__ __:%' OR started_at LIKE '____-__-__T__:%'
   GROUP BY 1, 2, 3, 4
), packed AS (
  SELECT org_id, site_id, day, json_group_object(hour, sessions) AS hours FROM counted GROUP BY 1, 2, 3
)
UPDATE metrics_daily SET hours = packed.hours FROM packed
 WHERE metrics_daily.org_id = packed.org_id AND metrics_daily.site_id = packed.site_id
   AND metrics_daily.date = packed.day;

WITH moments AS (
  SELECT org_id, started_at,
         replace(substr(coalesce(last_message_at, started_at), 1, 19), ' ', 'T')
           || CASE length(coalesce(last_message_at, started_at)) WHEN 19 THEN '.000Z'
                   ELSE substr(coalesce(last_message_at, started_at), 20) END AS last_message_at
    FROM chat_sessions WHERE started_at LIKE '____-__-__ __:%' OR started_at LIKE '____-__-__T__:%'
), counted AS (
  SELECT org_id, substr(started_at, 1, 10) AS day,
         CAST(CAST(substr(started_at, 12, 2) AS INTEGER) AS TEXT) AS hour, count(*) AS sessions,
         max(last_message_at) AS last_message_at
    FROM moments GROUP BY 1, 2, 3
), packed AS (
  SELECT org_id AS scope_id, day, json_group_object(hour, sessions) AS hours,
         max(last_message_at) AS last_message_at
    FROM counted GROUP BY 1, 2
  UNION ALL
  SELECT '*', day, json_group_object(hour, sessions), max(last_message_at)
    FROM (SELECT day, hour, sum(sessions) AS sessions, max(last_message_at) AS last_message_at
            FROM counted GROUP BY 1, 2)
   GROUP BY day
)
UPDATE metrics_rollup SET hours = packed.hours, last_message_at = packed.last_message_at FROM packed
 WHERE metrics_rollup.scope_id = packed.scope_id AND metrics_rollup.date = packed.day;

-- Events ----------------------------------------------------------------------------------------

-- The feed merges these, each read newest first: of an org, of a site, and of all orgs for staff. Lists
-- of sessions and of outcomes walk some of them too.
CREATE INDEX chat_messages_by_org_time ON chat_messages (org_id, created_at, id);
CREATE INDEX chat_messages_by_site_time ON chat_messages (site_id, created_at, id);
CREATE INDEX chat_messages_by_time ON chat_messages (created_at, id);

CREATE INDEX IF NOT EXISTS chat_sessions_by_org ON chat_sessions (org_id, started_at, id);
CREATE INDEX IF NOT EXISTS chat_sessions_by_site ON chat_sessions (site_id, started_at, id);
CREATE INDEX IF NOT EXISTS chat_sessions_by_time ON chat_sessions (started_at, id);

CREATE INDEX chat_sessions_by_org_end ON chat_sessions (org_id, ended_at, id)
  WHERE ended_at IS NOT NULL;
CREATE INDEX chat_sessions_by_site_end ON chat_sessions (site_id, ended_at, id)
  WHERE ended_at IS NOT NULL;
CREATE INDEX chat_sessions_by_end ON chat_sessions (ended_at, id)
  WHERE ended_at IS NOT NULL;

-- A run is an event when it completes; until then, since it was asked for.
CREATE INDEX action_runs_by_org_moment ON action_runs (org_id, coalesce(completed_at, created_at), id);
CREATE INDEX action_runs_by_moment ON action_runs (coalesce(completed_at, created_at), id);

-- What the feed calls an outcome.
ALTER TABLE outcome_events ADD COLUMN event_type TEXT GENERATED ALWAYS AS (
  CASE outcome_type WHEN 'lead_captured' THEN 'lead_captured'
                    WHEN 'appointment_booked' THEN 'appointment_booked'
                    ELSE 'outcome_recorded' END) VIRTUAL;

CREATE INDEX IF NOT EXISTS outcome_events_by_org_time ON outcome_events (org_id, recorded_at, id);
CREATE INDEX IF NOT EXISTS outcome_events_by_time ON outcome_events (recorded_at, id);
CREATE INDEX outcome_events_by_org_type ON outcome_events (org_id, event_type, recorded_at, id);
CREATE INDEX outcome_events_by_type ON outcome_events (event_type, recorded_at, id);

-- Clients ---------------------------------------------------------------------------------------

-- The order in which staff see the organizations; one without a status is served by nothing.
ALTER TABLE orgs ADD COLUMN listed_status TEXT
  GENERATED ALWAYS AS (coalesce(status, 'inactive')) VIRTUAL;

CREATE INDEX orgs_by_listed_status ON orgs (listed_status, name, id);
