-- The audit entry of a customer's snapshot, if this delivery applied it.
-- Indexes: billing_customers.stripe_customer_id, stripe_events.stripe_event_id.
-- ?1 row id   ?2 event   ?3 delivery   ?4 Stripe customer   ?5 event.created   ?6 now   ?7 event type
-- ?8 metadata
INSERT INTO audit_logs (id, org_id, actor_type, actor_id, event_type, target_type, target_id, metadata, created_at)
SELECT ?1, c.org_id, 'integration', 'stripe', ?7, 'customer', c.stripe_customer_id, ?8, ?6
FROM stripe_events e
JOIN billing_customers c ON c.stripe_customer_id = +?4 AND c.org_id = e.org_id
WHERE e.stripe_event_id = +?2 AND e.delivery_id = +?3 AND e.status = 'processed'
  AND c.stripe_event_created = +?5 AND c.updated_at = +?6
