-- One more message of the person who has a conversation. Its moment is later than that of the message before it, so
-- that who asks for what came after a message misses none. Index: chat_sessions.id.
-- ?1 org   ?2 conversation   ?3 now   ?4 users.id
UPDATE chat_sessions SET message_count = coalesce(message_count, 0) + 1,
  last_message_at = max(?3, coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', last_message_at, '+0.001 seconds'), ''))
WHERE org_id = +?1 AND id = +?2 AND coalesce(status, 'active') = 'active'
  AND handoff = 'accepted' AND handoff_user_id = +?4
