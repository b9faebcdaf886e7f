-- Documents that are gone and that the index has to forget, of the orgs that come first (org_id).
-- Index: knowledge_removals_due.   ?1 now   ?2 how many
SELECT r.org_id, r.document_id, r.is_told FROM knowledge_removals r WHERE r.due_at <= ?1 ORDER BY r.due_at LIMIT +?2
