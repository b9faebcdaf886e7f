-- One version, and what is live of its document or about to be. Indexes: knowledge_versions.id,
-- knowledge_documents.id.
-- ?4 version
SELECT v.org_id, v.id, v.document_id, coalesce(v.stage, 'draft') AS stage, coalesce(v.chunk_count, 0) AS chunk_count,
       v.emptied_at IS NOT NULL AS is_emptied,
       coalesce(d.status, 'processing') AS document_status,
       coalesce(d.publishing_version_id, CASE WHEN v.is_live = 1 THEN v.id ELSE d.live_version_id END) AS published_version_id
FROM knowledge_versions v
JOIN knowledge_documents d ON d.id = v.document_id AND d.org_id = v.org_id
WHERE v.id = +?4 AND (SELECT org_id FROM scope) IN ('*', v.org_id)
