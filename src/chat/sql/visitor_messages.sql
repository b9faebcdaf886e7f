-- What was said in a session, newest first, as its visitor may see it; see visitor_session.sql.
-- Indexes: chat_sessions.id, portal_sites.id, site_keys.key, chat_messages_by_session_time.
-- ?1 session   ?2 key, or NULL   ?3 origin, or NULL   ?4 now   ?5 visitor, or NULL
-- ?6 ?7 key of the page after   ?8 limit
SELECT m.id, m.role, m.content, m.citations, m.feedback, m.finish_reason, m.author_user_id IS NOT NULL AS is_person,
       m.author_name, m.created_at
FROM chat_sessions c
CROSS JOIN chat_messages m ON m.session_id = c.id AND +m.org_id = c.org_id
WHERE c.id = +?1
  AND (c.visitor_id IS NULL OR c.visitor_id = +?5)
  AND (EXISTS (SELECT 1 FROM portal_sites s
                WHERE s.id = c.site_id AND s.org_id = c.org_id AND (s.site_key = +?2 OR s.keyless_origin = +?3))
    OR EXISTS (SELECT 1 FROM site_keys k
                WHERE k.key = +?2 AND k.site_id = c.site_id AND k.org_id = c.org_id
                  AND (k.expires_at IS NULL OR k.expires_at > ?4)))
  AND m.role <> 'system'
  AND (m.created_at, m.id) < (?6, ?7)
ORDER BY m.created_at DESC, m.id DESC
LIMIT +?8
