-- A part of a version's text. Index: knowledge_versions.id.
-- ?1 org_id   ?2 version   ?3 part, from 1   ?4 text
INSERT INTO knowledge_contents (version_id, part, text)
SELECT v.id, ?3, ?4 FROM knowledge_versions v WHERE v.id = +?2 AND v.org_id = +?1
