-- An org's part of the index was written anew, unless that was asked for again. Index: knowledge_reindexes (PRIMARY KEY).
-- ?1 org_id   ?2 when it was asked for
DELETE FROM knowledge_reindexes WHERE org_id = +?1 AND requested_at = +?2
