-- One more turn of an open session of this site and org. Indexes: chat_sessions.id, chat_turns.id.
-- ?1 turn   ?2 site   ?3 org   ?4 ended   ?5 session
UPDATE chat_sessions SET message_count = message_count + 2, last_message_at = ?4
WHERE id = +?5 AND site_id = +?2 AND org_id = +?3 AND status = 'active' AND handoff IS NULL
  AND EXISTS (SELECT 1 FROM chat_turns t WHERE t.id = +?1 AND t.org_id = +?3 AND t.ended_at = +?4)
