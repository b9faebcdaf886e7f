-- One more turn of an open session of this site and org. Index: chat_sessions.id.
-- ?1 id   ?2 site   ?3 org   ?4 last message
UPDATE chat_sessions SET message_count = message_count + 2, last_message_at = ?4
WHERE id = ?1 AND site_id = ?2 AND org_id = ?3 AND status = 'active'
