-- A session of the site that the request names, by key or by page. Indexes: chat_sessions.id,
-- portal_sites.id.   ?1 session   ?2 key, or NULL   ?3 origin, or NULL
SELECT c.id, c.site_id, c.visitor_id, c.status
FROM chat_sessions c
JOIN portal_sites s ON s.id = c.site_id AND s.org_id = c.org_id
WHERE c.id = ?1 AND (s.site_key = ?2 OR s.keyless_origin = ?3)
