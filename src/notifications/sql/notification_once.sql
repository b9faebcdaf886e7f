-- Tells the org of a conversation, once for each kind. Indexes: notifications.id, chat_sessions.id.
-- ?1 org   ?2 kind   ?3 conversation   ?4 now
INSERT INTO notifications (id, org_id, kind, target_type, target_id, created_at)
SELECT ?2 || ':' || c.id, c.org_id, ?2, 'conversation', c.id, ?4
FROM chat_sessions c
WHERE c.id = +?3 AND c.org_id = +?1
ON CONFLICT (id) DO NOTHING
