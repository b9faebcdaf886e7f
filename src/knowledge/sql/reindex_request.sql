-- Asks for an org's part of the index to be written anew, from the start. Index: knowledge_reindexes (PRIMARY KEY).
-- ?1 org_id   ?2 now
INSERT INTO knowledge_reindexes (org_id, requested_at) VALUES (?1, ?2)
ON CONFLICT (org_id) DO UPDATE SET requested_at = excluded.requested_at, cursor = 'd'
