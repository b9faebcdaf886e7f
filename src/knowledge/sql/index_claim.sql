-- Takes documents of which the index has to hear, of all orgs (org_id), the longest due first. Whoever is cut off
-- leaves them to the next. Indexes: knowledge_documents_index_due, knowledge_versions_one_live.
-- ?1 now   ?2 until when others leave them alone   ?3 how many
UPDATE knowledge_documents SET index_due_at = ?2
WHERE id IN (SELECT d.id FROM knowledge_documents d WHERE d.index_due_at IS NOT NULL AND d.index_due_at <= ?1
              ORDER BY d.index_due_at LIMIT +?3)
RETURNING id, org_id, source_id, title, status, publishing_version_id, index_seq,
          coalesce(live_version_id, (SELECT v.id FROM knowledge_versions v
                                      WHERE v.document_id = knowledge_documents.id AND v.is_live = 1)) AS live_version_id
