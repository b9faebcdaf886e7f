-- Tells the org of the statement before it in the batch, if that one changed a row. Index: notifications.id.
-- ?1 id   ?2 org   ?3 kind   ?4 conversation   ?5 now
INSERT INTO notifications (id, org_id, kind, target_type, target_id, created_at)
SELECT ?1, ?2, ?3, 'conversation', ?4, ?5 WHERE changes() > 0
