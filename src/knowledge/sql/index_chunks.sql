-- The chunks of a version in the order of its text, for the index. Index: knowledge_chunks_by_page.
-- ?1 org_id   ?2 version
SELECT c.id, c.content, c.page_label FROM knowledge_chunks c WHERE c.version_id = +?2 AND c.org_id = +?1 ORDER BY c.id
