-- Nothing is left to forget of documents. Index: knowledge_removals (PRIMARY KEY).
-- ?1 pairs of org_id and document as a JSON array
DELETE FROM knowledge_removals
WHERE (org_id, document_id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))
