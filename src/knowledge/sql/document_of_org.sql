-- One document after a change. Index: knowledge_documents.id.
-- ?1 org_id   ?2 document
SELECT k.id, k.org_id, k.source_id, k.title, nullif(k.path, '') AS path, nullif(k.external_id, '') AS external_id,
       coalesce(k.status, 'processing') AS status, nullif(k.live_version_id, '') AS live_version_id,
       nullif(k.checksum, '') AS checksum, nullif(k.mime_type, '') AS mime_type, k.size_bytes, k.created_at,
       k.updated_at
FROM knowledge_documents k
WHERE k.id = +?2 AND k.org_id = +?1
