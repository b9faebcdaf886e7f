-- A new document of a source that is there, unless the source has one of that name.
-- Indexes: knowledge_sources.id, knowledge_documents_by_external_key (UNIQUE).
-- ?1 org_id   ?2 id   ?3 source   ?4 title   ?5 path   ?6 name in its source, or NULL   ?7 checksum as sent, or NULL
-- ?8 media type   ?9 bytes   ?10 now
INSERT INTO knowledge_documents (id, org_id, source_id, title, path, external_id, external_key, status, checksum,
                                 mime_type, size_bytes, created_at, updated_at)
SELECT ?2, s.org_id, s.id, ?4, ?5, ?6, ?6, 'processing', ?7, ?8, ?9, ?10, ?10
FROM knowledge_sources s WHERE s.id = ?3 AND s.org_id = ?1 AND s.removed_at IS NULL
ON CONFLICT (source_id, external_key) WHERE external_key IS NOT NULL DO NOTHING
RETURNING id
