-- Records that an event could not be applied, unless another delivery applied it. The org_id stays open.
-- Index: stripe_events.stripe_event_id.
-- ?1 row id   ?2 event   ?3 type   ?4 API version   ?5 live mode   ?6 object type   ?7 object id
-- ?8 payload   ?9 now   ?10 event.created   ?11 reason
INSERT INTO stripe_events (id, stripe_event_id, event_type, api_version, livemode, object_type, object_id,
                           payload, received_at, processed_at, event_created, attempts, status, processing_error)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, 1, 'failed', ?11)
ON CONFLICT (stripe_event_id) DO UPDATE SET
  status = 'failed',
  processing_error = excluded.processing_error,
  processed_at = excluded.processed_at,
  attempts = stripe_events.attempts + 1
WHERE stripe_events.status <> 'processed'
