-- What is told of an event; before the FROM of its rows, which says its index.
SELECT e.id, e.stripe_event_id, e.event_type, e.api_version, coalesce(e.livemode, 0) AS livemode, e.org_id, e.object_type,
       e.object_id, coalesce(e.status, 'pending') AS status, e.processing_error, e.attempts, e.event_created,
       e.received_at, e.processed_at
