-- Which of these versions of an org's documents are shown, or about to be. Indexes: knowledge_documents.id,
-- knowledge_versions_one_live.
-- ?1 org_id   ?2 pairs of document and version as a JSON array
SELECT d.id AS document_id, value ->> 1 AS version_id
FROM json_each(?2)
CROSS JOIN knowledge_documents d ON d.id = value ->> 0 AND d.org_id = +?1
WHERE coalesce(d.status, '') <> 'archived'
  AND (value ->> 1 = d.publishing_version_id
       OR value ->> 1 = coalesce(d.live_version_id,
            (SELECT v.id FROM knowledge_versions v WHERE v.document_id = d.id AND v.is_live = 1)))
