-- Documents, last changed first. Indexes: knowledge_documents_by_org; for all orgs knowledge_documents_by_time.
-- ?4 ?5 key of the page before   ?6 limit
SELECT k.id, k.org_id, k.source_id, k.title, nullif(k.path, '') AS path, nullif(k.external_id, '') AS external_id,
       coalesce(k.status, 'processing') AS status, nullif(k.live_version_id, '') AS live_version_id,
       nullif(k.checksum, '') AS checksum, nullif(k.mime_type, '') AS mime_type, k.size_bytes, k.created_at,
       k.updated_at
FROM knowledge_documents k
WHERE (SELECT org_id FROM scope) = k.org_id
  AND (k.updated_at, k.id) < (?4, ?5)
ORDER BY k.updated_at DESC, k.id DESC
LIMIT +?6
