-- Sites of any status, newest first, at most 500, with their sessions in progress and of today.
-- Indexes: idx_portal_sites_org_id, chat_sessions_active_by_site, metrics_daily (org_id, site_id, date).
-- ?4 a session is in progress if its last message is not older   ?5 today
SELECT s.id, s.name, s.type, s.domain, s.status, s.created_at,
       CASE WHEN (SELECT org_id FROM scope) = '*' THEN o.name END AS org_name,
       (SELECT count(*) FROM chat_sessions c
         WHERE c.site_id = s.id AND +c.org_id = s.org_id
           AND c.status = 'active' AND c.last_message_at >= ?4) AS active_sessions,
       coalesce((SELECT d.total_sessions FROM metrics_daily d
         WHERE d.org_id = s.org_id AND d.site_id = s.id AND d.date = ?5), 0) AS today_sessions
FROM visible
CROSS JOIN portal_sites s ON s.org_id = visible.org_id
JOIN orgs o ON o.id = s.org_id
ORDER BY s.created_at DESC, s.id DESC
LIMIT 500
