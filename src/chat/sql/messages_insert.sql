-- Both messages of a turn that has just ended, if its session is open, the assistant's, and of this site
-- and org. The answer has the
-- turn's id, so that it cannot be stored twice. Indexes: chat_sessions.id, chat_turns.id.
-- ?1 turn   ?2 site   ?3 org   ?4 ended   ?5 session   ?6 question id   ?7 question   ?8 asked   ?9 answer
-- ?10 latency in ms   ?11 1 if nothing was found   ?12 tokens, or NULL   ?13 provider   ?14 model   ?15 prompt tokens
-- ?16 completion tokens   ?17 cost   ?18 finish reason   ?19 citations
INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, latency_ms, tokens_used, created_at,
                           unanswered, provider, model, prompt_tokens, completion_tokens, cost_microusd,
                           finish_reason, citations)
SELECT said.column1, c.id, c.site_id, c.org_id, said.column2, said.column3, said.column4, said.column5,
       said.column6, said.column7, said.column8, said.column9, said.column10, said.column11, said.column12,
       said.column13, said.column14
FROM chat_sessions c
JOIN chat_turns t ON t.id = +?1 AND t.org_id = +?3 AND t.ended_at = +?4
CROSS JOIN (VALUES
  (?6, 'user', ?7, NULL, NULL, ?8, ?11, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (?1, 'assistant', ?9, ?10, ?12, ?4, 0, ?13, ?14, ?15, ?16, ?17, ?18, ?19)) AS said
WHERE c.id = +?5 AND c.site_id = +?2 AND c.org_id = +?3 AND c.status = 'active'
  AND c.handoff IS NULL
RETURNING id
