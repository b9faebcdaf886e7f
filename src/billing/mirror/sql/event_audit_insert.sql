-- The audit entry of an event, if this delivery claimed it: it did happen, whether or not a newer snapshot came first.
-- Index: stripe_events.stripe_event_id.
-- ?1 row id   ?2 event   ?3 delivery   ?4 what it is about   ?5 its id   ?6 now   ?7 event type   ?8 metadata
INSERT INTO audit_logs (id, org_id, actor_type, actor_id, event_type, target_type, target_id, metadata, created_at)
SELECT ?1, e.org_id, 'integration', 'stripe', ?7, ?4, ?5, ?8, ?6
FROM stripe_events e
WHERE e.stripe_event_id = +?2 AND e.delivery_id = +?3 AND e.status = 'processed' AND e.org_id IS NOT NULL
