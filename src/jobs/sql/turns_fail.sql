-- Fails turns of all orgs (org_id) that were lost, oldest first, some at a time; their messages may be sent again under
-- their own ids. Index: chat_turns_running_by_time.
-- ?1 admitted before   ?2 now   ?3 how many at most
UPDATE chat_turns SET status = 'failed', ended_at = ?2, client_message_id = NULL
WHERE status = 'running'
  AND id IN (SELECT t.id FROM chat_turns t WHERE t.status = 'running' AND t.admitted_at < ?1
              ORDER BY t.admitted_at LIMIT +?3)
RETURNING id
