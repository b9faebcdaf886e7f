-- Which of the pages that were found are not known, by their place. Index: knowledge_pages (its key).
-- ?1 org   ?2 source   ?3 digests as a JSON array
SELECT f.key AS place
FROM json_each(?3) f
LEFT JOIN knowledge_pages p ON p.source_id = +?2 AND p.digest = f.value AND p.org_id = +?1
WHERE p.digest IS NULL
ORDER BY f.key
