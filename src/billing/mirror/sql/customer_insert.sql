-- The customer's row, if the claimed event named an org_id and no row has the customer yet. The org's former customer
-- gives way to it if it was deleted. Indexes: stripe_events.stripe_event_id, billing_customers.stripe_customer_id, .org_id,
-- billing_former_customers.stripe_customer_id.
-- ?1 row id   ?2 event   ?3 delivery   ?4 Stripe customer   ?5 now
INSERT INTO billing_customers (id, org_id, stripe_customer_id, created_at, updated_at, stripe_event_created)
SELECT ?1, e.org_id, ?4, ?5, ?5, 0
FROM stripe_events e
WHERE e.stripe_event_id = +?2 AND e.delivery_id = +?3 AND e.status = 'processed' AND e.org_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM billing_former_customers f WHERE f.stripe_customer_id = +?4)
ON CONFLICT (stripe_customer_id) DO NOTHING
ON CONFLICT (org_id) DO UPDATE SET
  stripe_customer_id = excluded.stripe_customer_id, email = NULL, name = NULL, currency = 'usd', balance_cents = 0,
  delinquent = 0, default_payment_method_id = NULL, invoice_settings = '{}', metadata = '{}', deleted_at = NULL,
  updated_at = excluded.updated_at, stripe_event_created = 0, stripe_event_rank = 0, snapshot_digest = NULL,
  delivery_id = NULL
WHERE billing_customers.deleted_at IS NOT NULL
