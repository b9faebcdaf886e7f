-- When the next visit of a round is due; nothing when it has been everywhere. Index: knowledge_pages_by_org.
-- ?1 org   ?2 source
SELECT min(p.next_at) AS next_at
FROM knowledge_pages p
WHERE p.source_id = +?2 AND p.org_id = +?1 AND p.next_at IS NOT NULL
