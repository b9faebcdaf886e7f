-- The trace of the statement before it in the batch, if that one changed a row, for what a visitor does with data of
-- the org. Index: audit_logs.id.
-- ?1 id   ?2 org_id   ?3 request   ?4 event   ?5 kind of target   ?6 target   ?7 metadata   ?8 now
INSERT INTO audit_logs (id, org_id, actor_type, actor_id, request_id, event_type, target_type, target_id, metadata,
                        created_at)
SELECT ?1, ?2, 'system', NULL, ?3, ?4, ?5, ?6, ?7, ?8 WHERE changes() > 0
