-- One conversation with its site's name and what is known of the visitor.
-- Indexes: chat_sessions.id, portal_sites.id.   ?4 conversation
SELECT c.id, c.site_id, c.org_id, c.visitor_id, coalesce(c.status, 'active') AS status,
       coalesce(c.status, '') || '/' || coalesce(c.handoff, '') AS state,
       coalesce(c.message_count, 0) AS message_count, c.started_at, c.last_message_at, c.ended_at, c.has_lead, c.preview,
       (SELECT s.name FROM portal_sites s WHERE s.id = c.site_id AND s.org_id = c.org_id) AS site_name,
       c.metadata, c.handoff, c.handoff_reason, c.handoff_at, c.handoff_user_id, c.handoff_name, c.closed_by, c.locale
FROM chat_sessions c
WHERE c.id = +?4 AND (SELECT org_id FROM scope) IN (c.org_id, '*')
