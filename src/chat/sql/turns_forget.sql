-- Parts the turns of a session from its visitor and client. Index: chat_turns_by_session.
-- ?1 session   ?2 site   ?3 org
UPDATE chat_turns SET visitor_id = NULL, client_message_id = NULL, message_digest = NULL, client_digest = NULL
WHERE session_id = +?1 AND +site_id = +?2 AND +org_id = +?3
