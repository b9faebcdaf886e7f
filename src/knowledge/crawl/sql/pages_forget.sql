-- Forgets pages that have been gone for long. Index: knowledge_pages_by_org.
-- ?1 org   ?2 source   ?3 gone since before
DELETE FROM knowledge_pages
WHERE source_id = ?2 AND org_id = ?1 AND state = 'gone' AND changed_at < ?3
