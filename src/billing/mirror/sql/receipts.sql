-- Events that Stripe sent, newest first. Indexes: stripe_events_by_org; for all orgs stripe_events_by_time.
-- ?4 ?5 key of the page before   ?6 limit
SELECT e.id, e.stripe_event_id, e.event_type, e.api_version, coalesce(e.livemode, 0) AS livemode, e.org_id, e.object_type,
       e.object_id, coalesce(e.status, 'pending') AS status, e.processing_error, e.attempts, e.event_created,
       e.received_at, e.processed_at
FROM stripe_events e
WHERE (SELECT org_id FROM scope) = e.org_id
  AND (e.received_at, e.id) < (?4, ?5)
ORDER BY e.received_at DESC, e.id DESC
LIMIT +?6
