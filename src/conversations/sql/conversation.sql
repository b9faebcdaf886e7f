-- One conversation with its site's name and what is known of the visitor.
-- Indexes: chat_sessions.id, portal_sites.id, chat_messages_by_session_time.   ?4 conversation
SELECT c.id, c.site_id, c.org_id, c.visitor_id, coalesce(c.status, 'active') AS status, c.message_count,
       c.started_at, c.last_message_at, c.ended_at, c.has_lead,
       (SELECT substr(m.content, 1, 160) FROM chat_messages m
         WHERE m.session_id = c.id AND +m.org_id = c.org_id AND m.role = 'user'
         ORDER BY m.created_at, m.id LIMIT 1) AS preview,
       (SELECT s.name FROM portal_sites s WHERE s.id = c.site_id AND s.org_id = c.org_id) AS site_name,
       c.metadata
FROM chat_sessions c
WHERE c.id = ?4 AND (SELECT org_id FROM scope) IN (c.org_id, '*')
