-- Events that came before their customer was known, which this delivery knows now, oldest first.
-- Indexes: stripe_events.stripe_event_id, stripe_events_awaiting.   ?1 event   ?2 delivery   ?3 Stripe customer
SELECT w.payload
FROM stripe_events e
JOIN stripe_events w ON w.stripe_customer_id = +?3 AND w.status = 'failed'
WHERE e.stripe_event_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed' AND e.org_id IS NOT NULL
  AND w.processing_error = 'customer_unknown'
ORDER BY w.event_created
LIMIT 10
