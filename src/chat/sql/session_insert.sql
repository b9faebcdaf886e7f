-- A new session with its first turn; the start of the question stands for it in lists.
-- Index: chat_sessions.id.
-- ?1 id   ?2 site   ?3 org   ?4 visitor, or NULL   ?5 start   ?6 last message   ?7 question
INSERT INTO chat_sessions (id, site_id, org_id, visitor_id, started_at, last_message_at, message_count, status,
                           metadata, preview)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, 2, 'active', '{}', substr(?7, 1, 160))
