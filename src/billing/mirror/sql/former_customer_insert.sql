-- A customer that was deleted before anything else of it came, and whose org_id has another one: what it left is told late.
-- Indexes: stripe_events.stripe_event_id, billing_customers.stripe_customer_id.
-- ?1 event   ?2 delivery   ?3 Stripe customer
INSERT INTO billing_former_customers (stripe_customer_id, org_id)
SELECT ?3, e.org_id
FROM stripe_events e
WHERE e.stripe_event_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed' AND e.org_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM billing_customers c WHERE c.stripe_customer_id = +?3)
ON CONFLICT DO NOTHING
