-- The chunks of a version by page, without their embeddings. Indexes: knowledge_versions.id,
-- knowledge_chunks_by_page.
-- ?4 version   ?5 ?6 key of the page before   ?7 limit
SELECT c.id, c.version_id, c.org_id, c.content, coalesce(c.token_count, 0) AS token_count, c.page_label,
       c.metadata
FROM knowledge_versions v
CROSS JOIN knowledge_chunks c ON c.version_id = v.id AND c.org_id = v.org_id
WHERE v.id = +?4 AND (SELECT org_id FROM scope) IN (v.org_id, '*')
  AND (c.page, c.id) > (?5, ?6)
ORDER BY c.page, c.id
LIMIT +?7
