-- Events that can be applied now, oldest first: those that came before their customer was known, and those of a customer
-- that came before its org's former one was deleted, or that is a former one itself.
-- Indexes: stripe_events.stripe_event_id, stripe_events_awaiting, stripe_events_awaiting_room, billing_customers.org_id,
-- billing_former_customers.stripe_customer_id.
-- ?1 event   ?2 delivery   ?3 Stripe customer
SELECT w.payload
FROM stripe_events e
JOIN stripe_events w ON w.stripe_customer_id = +?3 AND w.processing_error = 'customer_unknown'
WHERE e.stripe_event_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed' AND e.org_id IS NOT NULL
UNION ALL
SELECT w.payload
FROM stripe_events e
JOIN billing_customers c ON c.org_id = e.org_id AND c.deleted_at IS NOT NULL
JOIN stripe_events w ON w.org_id = c.org_id AND w.processing_error = 'org_has_customer'
WHERE e.stripe_event_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed'
UNION ALL
SELECT w.payload
FROM stripe_events e
JOIN billing_former_customers f ON f.stripe_customer_id = +?3 AND f.org_id = e.org_id
JOIN stripe_events w ON w.org_id = e.org_id AND w.processing_error = 'org_has_customer' AND w.stripe_customer_id = +?3
WHERE e.stripe_event_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed'
LIMIT 10
