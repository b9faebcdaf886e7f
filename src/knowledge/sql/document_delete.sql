-- Deletes a document with its versions; a trigger notes what the index has to forget. Index: knowledge_documents.id.
-- ?1 org_id   ?2 document
DELETE FROM knowledge_documents WHERE id = +?2 AND org_id = +?1
RETURNING id
