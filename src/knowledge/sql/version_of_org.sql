-- One version after a change. Index: knowledge_versions.id.
-- ?1 org_id   ?2 version
SELECT v.id, v.document_id, v.org_id, v.version_number, coalesce(v.stage, 'draft') AS stage, v.is_live, v.checksum,
       coalesce(v.chunk_count, 0) AS chunk_count, coalesce(v.token_count, 0) AS token_count, v.created_at, v.created_by,
       v.change_note
FROM knowledge_versions v
WHERE v.id = +?2 AND v.org_id = +?1
