-- How far an org's part of the index was written anew, unless it was asked for again meanwhile.
-- Index: knowledge_reindexes (PRIMARY KEY).
-- ?1 org_id   ?2 when it was asked for   ?3 how far
UPDATE knowledge_reindexes SET cursor = ?3 WHERE org_id = +?1 AND requested_at = +?2
