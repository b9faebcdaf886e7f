-- Notes how many pages of those that were just found had no room: at least so many are left out in this round. Indexes:
-- knowledge_crawls.source_id, knowledge_pages (its key).
-- ?1 org   ?2 source   ?3 lease   ?4 pages as [[digest, url], …]   ?5 how many besides were not looked at
UPDATE knowledge_crawls
SET left_out = max(left_out, ?5 + (
  SELECT count(*) FROM json_each(?4) f
  WHERE NOT EXISTS (SELECT 1 FROM knowledge_pages p WHERE p.source_id = +?2 AND p.digest = f.value ->> 0)))
WHERE source_id = +?2 AND org_id = +?1 AND lease_id = +?3
