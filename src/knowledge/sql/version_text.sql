-- The text of a version in its parts. Indexes: knowledge_versions.id, knowledge_contents (PRIMARY KEY).
-- ?1 org_id   ?2 version
SELECT c.text
FROM knowledge_versions v
CROSS JOIN knowledge_contents c ON c.version_id = v.id
WHERE v.id = +?2 AND v.org_id = +?1
ORDER BY c.part
