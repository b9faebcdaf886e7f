-- Sessions with a message since ?4. Indexes: idx_portal_sites_org_id, chat_sessions_active_by_site,
-- chat_sessions_active_by_time; the order is fixed and the org's own index shunned (+), since it
-- would read every session the org ever had.
SELECT CASE (SELECT org_id FROM scope)
  WHEN '*' THEN
    (SELECT count(*) FROM chat_sessions c WHERE c.status = 'active' AND c.last_message_at >= ?4)
  ELSE
    (SELECT count(*)
       FROM scope
       CROSS JOIN portal_sites s ON s.org_id = scope.org_id
       CROSS JOIN chat_sessions c ON c.site_id = s.id AND +c.org_id = s.org_id
      WHERE c.status = 'active' AND c.last_message_at >= ?4)
  END AS active_sessions
