-- Archives a version, live or draft. Index: knowledge_versions.id.
-- ?1 org_id   ?2 version
UPDATE knowledge_versions SET stage = 'archived', is_live = 0
WHERE id = +?2 AND org_id = +?1 AND coalesce(stage, 'draft') <> 'archived'
RETURNING id
