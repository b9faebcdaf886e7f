-- Knowledge sources, last changed first. Indexes: knowledge_sources_by_org; for all orgs knowledge_sources_by_time.
-- ?4 ?5 key of the page before   ?6 limit
SELECT k.id, k.org_id, k.name, k.type, coalesce(k.status, 'connected') AS status, k.sync_cursor, k.last_synced_at,
       k.created_at, k.updated_at, k.config, k.error_message
FROM knowledge_sources k
WHERE (SELECT org_id FROM scope) = k.org_id AND k.removed_at IS NULL
  AND (k.updated_at, k.id) < (?4, ?5)
ORDER BY k.updated_at DESC, k.id DESC
LIMIT +?6
