-- The trace of something that was read. Index: audit_logs.id.
-- ?1 id   ?2 org_id, or NULL for all orgs   ?3 users.id of the person   ?4 who acts in their name, or NULL
-- ?5 request   ?6 event   ?7 kind of target   ?8 target   ?9 metadata   ?10 now
INSERT INTO audit_logs (id, org_id, actor_type, actor_id, impersonator_id, request_id, event_type,
                        target_type, target_id, metadata, created_at)
VALUES (?1, ?2, 'user', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
