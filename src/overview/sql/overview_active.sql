-- Sessions with a message since ?4. Indexes: portal_sites_by_org, chat_sessions_active_by_site,
-- chat_sessions_active_by_time.
SELECT coalesce((SELECT count(*)
                   FROM scope
                   JOIN portal_sites s ON s.org_id = scope.org_id
                   JOIN chat_sessions c ON c.site_id = s.id AND c.org_id = s.org_id
                  WHERE c.status = 'active' AND c.last_message_at >= ?4), 0)
     + coalesce((SELECT count(*)
                   FROM scope CROSS JOIN chat_sessions c
                  WHERE scope.org_id = '*' AND c.status = 'active' AND c.last_message_at >= ?4), 0)
       AS active_sessions
