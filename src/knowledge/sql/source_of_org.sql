-- One source after a change. Index: knowledge_sources.id.
-- ?1 org_id   ?2 source
SELECT k.id, k.org_id, k.name, k.type, coalesce(k.status, 'connected') AS status, k.sync_cursor, k.last_synced_at,
       k.created_at, k.updated_at, k.config, k.error_message
FROM knowledge_sources k
WHERE k.id = +?2 AND k.org_id = +?1 AND k.removed_at IS NULL
