-- The days of two periods at one site that the caller may see; hours and topics of the later alone.
-- Indexes: portal_sites.id, metrics_daily (org_id, site_id, date).
-- ?4 first day of the earlier period   ?5 first day of the later   ?6 last day   ?7 site
SELECT d.date, coalesce(d.total_sessions, 0) AS sessions, coalesce(d.total_messages, 0) AS messages, d.answers,
       d.latency_ms_total, coalesce(d.leads_captured, 0) AS leads, d.unanswered, d.thumbs_up, d.thumbs_down,
       iif(d.date >= ?5, d.hours, '{}') AS hours, iif(d.date >= ?5, d.topics, '{}') AS topics
FROM scope
CROSS JOIN portal_sites s ON s.id = +?7 AND (scope.org_id = '*' OR s.org_id = scope.org_id)
CROSS JOIN metrics_daily d ON d.org_id = s.org_id AND d.site_id = s.id
WHERE d.date >= ?4 AND d.date <= ?6
