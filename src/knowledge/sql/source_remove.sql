-- Says of a source that it is being deleted: nothing comes in any more, and nobody sees it.
-- Index: knowledge_sources.id.
-- ?1 org_id   ?2 source   ?3 now
UPDATE knowledge_sources SET removed_at = ?3, updated_at = ?3
WHERE id = +?2 AND org_id = +?1 AND removed_at IS NULL
RETURNING id
