-- One source. Index: knowledge_sources.id.
-- ?4 source
SELECT k.id, k.org_id, k.name, k.type, coalesce(k.status, 'connected') AS status, k.config
FROM knowledge_sources k
WHERE k.id = +?4 AND (SELECT org_id FROM scope) IN ('*', k.org_id) AND k.removed_at IS NULL
