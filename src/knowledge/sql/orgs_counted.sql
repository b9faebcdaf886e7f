-- The next orgs (org_id) with how much of their knowledge is shown, and whether the index was told of all of them.
-- Indexes: orgs.id, knowledge_documents_by_org_id, knowledge_documents_due_by_org, knowledge_versions_one_live,
-- knowledge_chunks_by_page, knowledge_removals (PRIMARY KEY).
-- ?1 the last org before   ?2 how many
SELECT o.id AS org_id,
       (SELECT count(*)
          FROM knowledge_documents d
          CROSS JOIN knowledge_versions v ON v.id = coalesce(d.live_version_id,
            (SELECT l.id FROM knowledge_versions l WHERE l.document_id = d.id AND l.is_live = 1))
          CROSS JOIN knowledge_chunks c ON c.version_id = v.id
         WHERE d.org_id = o.id AND coalesce(d.status, '') <> 'archived') AS shown,
       NOT EXISTS (SELECT 1 FROM knowledge_documents d WHERE d.org_id = o.id AND d.index_due_at IS NOT NULL)
         AND NOT EXISTS (SELECT 1 FROM knowledge_removals r WHERE r.org_id = o.id AND r.is_told = 0) AS is_settled
FROM orgs o
WHERE o.id > ?1
ORDER BY o.id
LIMIT +?2
