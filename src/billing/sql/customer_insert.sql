-- The customer's row, if the claimed event named an org_id and no row has the customer yet.
-- Indexes: stripe_events.stripe_event_id, billing_customers.stripe_customer_id, .org_id.
-- ?1 row id   ?2 event   ?3 delivery   ?4 Stripe customer   ?5 now
INSERT INTO billing_customers (id, org_id, stripe_customer_id, created_at, updated_at, stripe_event_created)
SELECT ?1, e.org_id, ?4, ?5, ?5, 0
FROM stripe_events e
WHERE e.stripe_event_id = +?2 AND e.delivery_id = +?3 AND e.status = 'processed' AND e.org_id IS NOT NULL
ON CONFLICT DO NOTHING
