-- What happened, newest first, as one merge of five lists that are each read along an index, so that
-- about as many rows are read as are given. Indexes: chat_sessions_by_org, chat_sessions_by_org_end,
-- chat_messages_by_org_time, action_runs_by_org_moment, outcome_events_by_org_time; for all orgs those
-- without `org`. The moment of a run is an expression, which its index is only searched by when it stands
-- alone. A list is left out at once when ?7 asks for events of another.
-- ?4 ?5 ?6 key of the page before   ?7 type of event, or NULL   ?8 limit
SELECT c.started_at AS at, c.id AS id, 'began' AS arm, c.org_id AS org_id, c.site_id AS site_id,
       c.id AS session_id, NULL AS subject, NULL AS content, c.metadata AS metadata
FROM chat_sessions c
WHERE (SELECT org_id FROM scope) = c.org_id
  AND (c.started_at, c.id, 'began') < (?4, ?5, ?6)
  AND (?7 IS NULL OR ?7 = 'session_started')
UNION ALL
SELECT c.ended_at, c.id, 'ended', c.org_id, c.site_id, c.id, NULL, NULL, c.metadata
FROM chat_sessions c
WHERE (SELECT org_id FROM scope) = c.org_id
  AND c.ended_at IS NOT NULL
  AND (c.ended_at, c.id, 'ended') < (?4, ?5, ?6)
  AND (?7 IS NULL OR ?7 = 'session_ended')
UNION ALL
SELECT m.created_at, m.id, 'message', m.org_id, m.site_id, m.session_id, m.role, m.content, NULL
FROM chat_messages m
WHERE (SELECT org_id FROM scope) = m.org_id
  AND (m.role = 'user' OR m.role = 'assistant')
  AND (m.created_at, m.id, 'message') < (?4, ?5, ?6)
  AND (?7 IS NULL OR ?7 = 'user_message' OR ?7 = 'assistant_message')
  AND (?7 IS NULL OR ?7 = iif(m.role = 'user', 'user_message', 'assistant_message'))
UNION ALL
SELECT o.recorded_at, o.id, 'outcome', o.org_id, '', '', o.event_type,
       coalesce(nullif(o.label, ''), o.outcome_type), NULL
FROM outcome_events o
WHERE (SELECT org_id FROM scope) = o.org_id
  AND (o.recorded_at, o.id, 'outcome') < (?4, ?5, ?6)
  AND ?7 IS NULL
UNION ALL
SELECT coalesce(r.completed_at, r.created_at), r.id, 'run', r.org_id, '', '', r.action_id, r.status, NULL
FROM action_runs r
WHERE (SELECT org_id FROM scope) = r.org_id
  AND coalesce(r.completed_at, r.created_at) <= ?4
  AND (coalesce(r.completed_at, r.created_at), r.id, 'run') < (?4, ?5, ?6)
  AND (?7 IS NULL OR ?7 = 'action_run')
ORDER BY 1 DESC, 2 DESC, 3 DESC
LIMIT +?8
