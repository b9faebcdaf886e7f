-- The versions of which an org has passages in the index, by document. Index: passages_by_document.
-- ?1 org_id   ?2 the last document before   ?3 how many
SELECT DISTINCT p.document_id, p.version_id FROM passages p
WHERE p.org_id = +?1 AND p.document_id > ?2
ORDER BY p.document_id, p.version_id
LIMIT +?3
