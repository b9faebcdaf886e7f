-- Ends a turn that is running; the statements behind it in the transaction look for the moment of its end.
-- A message whose turn failed may be sent again under its own id. Index: chat_turns.id.
-- ?1 turn   ?2 site   ?3 org   ?4 how it ended   ?5 when
UPDATE chat_turns SET status = ?4, ended_at = ?5,
  client_message_id = iif(?4 = 'failed', NULL, client_message_id)
WHERE id = +?1 AND site_id = +?2 AND org_id = +?3 AND status = 'running'
RETURNING id
