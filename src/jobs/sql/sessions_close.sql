-- Ends quiet conversations of all orgs (org_id), longest quiet first, some at a time: completed if the visitor's last
-- message was answered, else abandoned. Indexes: chat_sessions_active_by_time, chat_turns_by_session,
-- chat_messages_by_session_time.
-- ?1 quiet since before   ?2 the same for those that a person has   ?3 how many at most
UPDATE chat_sessions SET
  ended_at = coalesce(last_message_at, started_at),
  closed_by = 'idle',
  status = iif(EXISTS (
    SELECT 1
    FROM (SELECT q.created_at, q.id, q.unanswered FROM chat_messages q
           WHERE q.session_id = chat_sessions.id AND +q.org_id = chat_sessions.org_id AND q.role = 'user'
           ORDER BY q.created_at DESC, q.id DESC LIMIT 1) AS asked
    WHERE asked.unanswered = 0
      AND coalesce((SELECT a.finish_reason NOT IN ('interrupted', 'cut') OR a.finish_reason IS NULL
                      FROM chat_messages a
                     WHERE a.session_id = chat_sessions.id AND +a.org_id = chat_sessions.org_id AND a.role = 'assistant'
                       AND (a.created_at, a.id) > (asked.created_at, asked.id)
                     ORDER BY a.created_at DESC, a.id DESC LIMIT 1), 0)), 'completed', 'abandoned')
WHERE status = 'active'
  AND id IN (
    SELECT c.id FROM chat_sessions c
    WHERE c.status = 'active'
      AND c.last_message_at < ?1
      AND (c.handoff IS NULL OR c.last_message_at < ?2)
      AND NOT EXISTS (SELECT 1 FROM chat_turns t WHERE t.session_id = c.id AND t.status = 'running')
    ORDER BY c.last_message_at
    LIMIT +?3)
RETURNING id
