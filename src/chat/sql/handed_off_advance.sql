-- One more message of a visitor who talks to a person. Its moment is later than that of the message before it, so that
-- who asks for what came after a message misses none. Index: chat_sessions.id.
-- ?1 session   ?2 site   ?3 org   ?4 now   ?5 visitor, or NULL
UPDATE chat_sessions SET message_count = coalesce(message_count, 0) + 1,
  last_message_at = max(?4, coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', last_message_at, '+0.001 seconds'), ''))
WHERE id = +?1 AND site_id = +?2 AND org_id = +?3 AND coalesce(status, 'active') = 'active' AND handoff IS NOT NULL
  AND (visitor_id IS NULL OR visitor_id = +?5)
