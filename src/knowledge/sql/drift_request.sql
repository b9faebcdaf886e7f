-- Asks for the parts of orgs in the index to be written anew, unless that was asked for.
-- Index: knowledge_reindexes (PRIMARY KEY).   ?1 org_ids as a JSON array   ?2 now
INSERT INTO knowledge_reindexes (org_id, requested_at) SELECT value, ?2 FROM json_each(?1) WHERE 1
ON CONFLICT (org_id) DO NOTHING
