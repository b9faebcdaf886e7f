-- Forgets pages that have been gone, or of no use, for long: who still leads to them is asked again. Index:
-- knowledge_pages_by_org.
-- ?1 org   ?2 source   ?3 since before
DELETE FROM knowledge_pages
WHERE source_id = +?2 AND org_id = +?1 AND state IN ('gone', 'moved', 'skipped') AND changed_at < ?3
