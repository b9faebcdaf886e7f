-- A turn of the named site (org_id), and its answer once stored. Indexes: chat_turns.id, chat_messages.id.
-- ?10 turn
SELECT t.id, t.session_id, t.visitor_id, t.status, 1 AS is_same_message, m.role, m.content, m.finish_reason, m.citations, m.latency_ms
FROM named_site f
JOIN chat_turns t ON t.id = +?10 AND t.site_id = f.id AND t.org_id = f.org_id
LEFT JOIN chat_messages m ON m.id = t.id AND m.org_id = t.org_id
