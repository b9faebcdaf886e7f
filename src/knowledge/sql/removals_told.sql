-- The index has forgotten documents: what keeps late writers away goes later. Index: knowledge_removals
-- (PRIMARY KEY).   ?1 pairs of org_id and document as a JSON array   ?2 when
UPDATE knowledge_removals SET is_told = 1, due_at = ?2
WHERE (org_id, document_id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))
