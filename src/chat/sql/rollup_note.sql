-- Adds the same to the org's day and to the day of all orgs, right behind the site's day in the batch.
-- Index: metrics_rollup (scope_id, date).
-- ?1 org_id   ?2 day   ?3 messages   ?4 leads   ?5 appointments   ?6 now
INSERT INTO metrics_rollup (scope_id, date, messages, leads, appointments, last_message_at)
SELECT counted.column1, ?2, ?3, ?4, ?5, iif(?3 > 0, ?6, NULL)
FROM (VALUES (?1), ('*')) AS counted
WHERE changes() > 0
ON CONFLICT (scope_id, date) DO UPDATE SET
  messages = messages + excluded.messages,
  leads = leads + excluded.leads,
  appointments = appointments + excluded.appointments,
  last_message_at = nullif(max(coalesce(last_message_at, ''), coalesce(excluded.last_message_at, '')), '')
