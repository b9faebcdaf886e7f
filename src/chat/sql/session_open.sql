-- The session that a turn opens; the start of the question stands for it in lists. Index: chat_turns.id.
-- ?1 turn   ?2 site   ?3 org   ?4 ended   ?5 asked   ?6 question
INSERT INTO chat_sessions (id, site_id, org_id, visitor_id, started_at, last_message_at, message_count, status,
                           metadata, preview, token_id)
SELECT t.session_id, t.site_id, t.org_id, t.visitor_id, ?5, ?4, 2, 'active', '{}', substr(?6, 1, 160), t.token_id
FROM chat_turns t
WHERE t.id = +?1 AND t.site_id = +?2 AND t.org_id = +?3 AND t.ended_at = +?4 AND t.opens_session = 1
