-- A conversation's messages, oldest first. Indexes: chat_sessions.id, chat_messages_by_session_time.
-- ?4 ?5 key of the page before   ?6 limit   ?7 conversation
SELECT m.id, m.role, m.content, m.latency_ms, m.tokens_used, m.created_at, m.author_user_id, m.author_name, m.provider,
       m.model, m.prompt_tokens, m.completion_tokens, m.cost_microusd, m.finish_reason, m.feedback, m.feedback_comment,
       m.feedback_at
FROM chat_sessions c
CROSS JOIN chat_messages m ON m.session_id = c.id AND +m.org_id = c.org_id
WHERE c.id = +?7 AND (SELECT org_id FROM scope) IN (c.org_id, '*')
  AND (m.created_at, m.id) > (?4, ?5)
ORDER BY m.created_at, m.id
LIMIT +?6
