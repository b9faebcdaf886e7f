-- Whether the caller may see a source. Index: knowledge_sources.id.
-- ?4 source
SELECT k.id, k.org_id
FROM knowledge_sources k
WHERE k.id = +?4 AND (SELECT org_id FROM scope) IN (k.org_id, '*') AND k.removed_at IS NULL
