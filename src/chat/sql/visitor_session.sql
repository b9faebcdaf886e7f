-- A session as its visitor may see it: of the site that the request names, by one of its keys or by its page, and of
-- that visitor. Indexes: chat_sessions.id, portal_sites.id, site_keys.key.
-- ?1 session   ?2 key, or NULL   ?3 origin, or NULL   ?4 now   ?5 visitor, or NULL
SELECT c.id, c.site_id, c.org_id, coalesce(c.status, '') || '/' || coalesce(c.handoff, '') AS state, c.handoff,
       c.handoff_name, coalesce(c.message_count, 0) AS message_count, c.started_at, c.last_message_at, c.ended_at,
       c.locale, coalesce(iif(json_valid(c.metadata), c.metadata ->> '$.forgotten', 0), 0) AS is_forgotten
FROM chat_sessions c
WHERE c.id = +?1
  AND (c.visitor_id IS NULL OR c.visitor_id = +?5)
  AND (EXISTS (SELECT 1 FROM portal_sites s
                WHERE s.id = c.site_id AND s.org_id = c.org_id AND (s.site_key = +?2 OR s.keyless_origin = +?3))
    OR EXISTS (SELECT 1 FROM site_keys k
                WHERE k.key = +?2 AND k.site_id = c.site_id AND k.org_id = c.org_id
                  AND (k.expires_at IS NULL OR k.expires_at > ?4)))
