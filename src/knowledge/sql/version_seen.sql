-- Whether the caller may see a version. Index: knowledge_versions.id.
-- ?4 version
SELECT v.id
FROM knowledge_versions v
WHERE v.id = +?4 AND (SELECT org_id FROM scope) IN (v.org_id, '*')
