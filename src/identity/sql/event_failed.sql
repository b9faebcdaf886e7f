-- Records that an event could not be applied, unless another delivery took it. Its org_id stays open.
-- Index: clerk_events.svix_id.
-- ?1 row id   ?2 event   ?3 type   ?4 object type   ?5 object   ?6 payload   ?7 now   ?8 when it happened   ?9 reason
INSERT INTO clerk_events (id, svix_id, event_type, object_type, object_id, payload, received_at, processed_at,
                          happened_at, attempts, status, reason)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, 1, 'failed', ?9)
ON CONFLICT (svix_id) DO UPDATE SET
  reason = excluded.reason,
  processed_at = excluded.processed_at,
  attempts = clerk_events.attempts + 1
WHERE clerk_events.status = 'failed'
