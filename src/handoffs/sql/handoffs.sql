-- An org's conversations that wait for a person or have one, longest waiting first.
-- Indexes: chat_sessions_handed_off_by_org, portal_sites.id; for all orgs chat_sessions_handed_off_by_time.
-- ?4 ?5 key of the page before   ?6 limit   ?7 requested, accepted or NULL
SELECT c.id, c.org_id, c.site_id,
       (SELECT s.name FROM portal_sites s WHERE s.id = c.site_id AND s.org_id = c.org_id) AS site_name,
       c.visitor_id, c.handoff, c.handoff_reason, c.handoff_at, c.handoff_user_id, c.handoff_name,
       coalesce(c.message_count, 0) AS message_count, c.last_message_at, c.preview, c.locale
FROM chat_sessions c
WHERE (SELECT org_id FROM scope) = c.org_id
  AND c.handoff IS NOT NULL AND c.status = 'active'
  AND (?7 IS NULL OR c.handoff = +?7)
  AND (c.handoff_at, c.id) > (?4, ?5)
ORDER BY c.handoff_at, c.id
LIMIT +?6
