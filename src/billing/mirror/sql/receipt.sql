-- One event, with what came; for staff, of whichever org. Index: stripe_events.id.   ?4 event
SELECT e.id, e.stripe_event_id, e.event_type, e.api_version, coalesce(e.livemode, 0) AS livemode, e.org_id, e.object_type,
       e.object_id, coalesce(e.status, 'pending') AS status, e.processing_error, e.attempts, e.event_created,
       e.received_at, e.processed_at, e.payload
FROM stripe_events e
WHERE e.id = +?4 AND (SELECT org_id FROM scope) IN ('*', e.org_id)
