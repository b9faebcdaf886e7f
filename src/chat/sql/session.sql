-- The session that a message continues, if it is of the named site (org_id). Index: chat_sessions.id.
-- ?10 session
SELECT c.site_id, c.visitor_id, c.status, c.handoff, c.locale, coalesce(c.message_count, 0) >= 1000 AS is_full
FROM named_site f JOIN chat_sessions c ON c.id = +?10 AND c.site_id = f.id AND c.org_id = f.org_id
