-- A new source; one with this id stays as it is. Index: knowledge_sources.id.
-- ?1 org_id   ?2 id   ?3 name   ?4 type   ?5 status   ?6 config   ?7 now
INSERT INTO knowledge_sources (id, org_id, name, type, status, config, created_at, updated_at)
VALUES (?2, ?1, ?3, ?4, ?5, ?6, ?7, ?7)
ON CONFLICT (id) DO NOTHING
