-- The days of two periods, of the org or of all orgs; hours and topics of the later alone. Index:
-- metrics_rollup (scope_id, date).
-- ?4 first day of the earlier period   ?5 first day of the later   ?6 last day
SELECT r.date, r.sessions, r.messages, r.answers, r.latency_ms_total, r.leads, r.unanswered, r.thumbs_up, r.thumbs_down,
       iif(r.date >= ?5, r.hours, '{}') AS hours, iif(r.date >= ?5, r.topics, '{}') AS topics
FROM metrics_rollup r
WHERE r.scope_id = (SELECT org_id FROM scope) AND r.date >= ?4 AND r.date <= ?6
