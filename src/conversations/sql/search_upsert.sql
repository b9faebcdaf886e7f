-- Puts messages of any org_id into the index, or replaces their text. Indexes: messages.message_id, feeds.name.
-- Nothing when another feed was faster. ?1 JSON array of [message, session, org, tenant's key, content]
-- ?2 number of the last change
INSERT INTO messages (message_id, session_id, org_id, tenant_key, content)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4
FROM json_each(?1) AS told
WHERE (SELECT f.seq FROM feeds f WHERE f.name = 'messages') < ?2
ON CONFLICT (message_id) DO UPDATE SET content = excluded.content WHERE content <> excluded.content
