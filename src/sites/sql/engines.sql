-- Sites of any status, newest first, with their sessions in progress and of today.
-- Indexes: portal_sites_by_org, for all orgs portal_sites_by_time; chat_sessions_active_by_site,
-- metrics_daily (org_id, site_id, date).
-- ?4 ?5 key of the page before   ?6 limit   ?7 a session is in progress if its last message is not older
-- ?8 today
SELECT s.id, s.name, s.type, s.domain, s.status, s.created_at,
       CASE WHEN (SELECT org_id FROM scope) = '*'
         THEN (SELECT o.name FROM orgs o WHERE o.id = s.org_id) END AS org_name,
       (SELECT count(*) FROM chat_sessions c
         WHERE c.site_id = s.id AND +c.org_id = s.org_id
           AND c.status = 'active' AND c.last_message_at >= ?7) AS active_sessions,
       coalesce((SELECT d.total_sessions FROM metrics_daily d
         WHERE d.org_id = s.org_id AND d.site_id = s.id AND d.date = +?8), 0) AS today_sessions
FROM portal_sites s
WHERE (SELECT org_id FROM scope) = s.org_id
  AND (s.created_at, s.id) < (?4, ?5)
ORDER BY s.created_at DESC, s.id DESC
LIMIT +?6
