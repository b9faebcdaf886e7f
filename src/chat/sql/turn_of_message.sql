-- The turn that answers a message which was sent before, by the digest of its id; its answer, once stored, and whether it
-- was the same message. Of the named site (org_id). Indexes: chat_turns_by_client_message, chat_messages.id.
-- ?10 digest of the message's id   ?11 digest of the message with its id
SELECT t.id, t.session_id, t.visitor_id, t.status, t.message_digest IS +?11 AS is_same_message, m.role, m.content, m.finish_reason, m.citations, m.latency_ms
FROM named_site f
JOIN chat_turns t ON t.site_id = f.id AND t.org_id = f.org_id AND t.client_message_id = +?10
LEFT JOIN chat_messages m ON m.id = t.id AND m.org_id = t.org_id
