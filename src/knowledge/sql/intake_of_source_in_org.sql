-- Where a file of a source goes: the document of that name, if there is one, and its newest versions that keep
-- their text, with their checksums. Indexes: knowledge_sources.id, knowledge_documents_by_external_key, knowledge_versions_by_document.
-- ?1 org_id   ?2 source   ?3 name of the document in its source
SELECT s.org_id, s.id AS source_id, d.id AS document_id, d.status AS document_status, d.title, d.path,
       coalesce(d.publishing_version_id, d.live_version_id) AS published_version_id,
       (SELECT json_group_array(json_array(n.id, n.checksum, n.chunk_count)) FROM
         (SELECT v.id, v.checksum, coalesce(v.chunk_count, 0) AS chunk_count FROM knowledge_versions v
           WHERE v.document_id = d.id AND v.emptied_at IS NULL ORDER BY v.version_number DESC LIMIT 100) n) AS versions
FROM knowledge_sources s
LEFT JOIN knowledge_documents d ON d.source_id = s.id AND d.external_key = +?3 AND d.org_id = s.org_id
WHERE s.id = +?2 AND s.org_id = +?1 AND s.removed_at IS NULL
