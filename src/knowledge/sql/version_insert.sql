-- The next version of a document, unless one of its newest holds the same text (those that the intake looks at) or the
-- org has as much as it may. Indexes: knowledge_documents.id, orgs.id, plan_limits.plan, knowledge_usage.org_id,
-- knowledge_versions_numbered (UNIQUE).
-- ?1 org_id   ?2 id   ?3 document   ?4 checksum   ?5 now   ?6 by whom   ?7 note, or NULL   ?8 bytes of its text
INSERT INTO knowledge_versions (id, document_id, org_id, version_number, stage, is_live, checksum, chunk_count,
                                token_count, created_at, created_by, change_note, stored_bytes)
SELECT ?2, d.id, d.org_id,
       1 + coalesce((SELECT max(v.version_number) FROM knowledge_versions v WHERE v.document_id = d.id), 0),
       'draft', 0, ?4, 0, 0, ?5, ?6, ?7, ?8
FROM knowledge_documents d
JOIN orgs o ON o.id = d.org_id
LEFT JOIN plan_limits p ON p.plan = o.limits_plan
LEFT JOIN knowledge_usage u ON u.org_id = d.org_id
WHERE d.id = +?3 AND d.org_id = +?1 AND coalesce(d.status, '') <> 'archived'
  AND coalesce(u.bytes, 0) + ?8 <= coalesce(p.knowledge_bytes, 9e18)
  AND NOT EXISTS (
    SELECT 1 FROM (SELECT v.checksum FROM knowledge_versions v
                    WHERE v.document_id = d.id AND v.emptied_at IS NULL ORDER BY v.version_number DESC LIMIT 100) n
     WHERE n.checksum = +?4)
RETURNING id
