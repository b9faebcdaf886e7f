-- The org's new customer at Stripe, unless it has one that is not deleted. Index: billing_customers.org_id.
-- ?1 org_id   ?2 row id   ?3 Stripe customer   ?4 name   ?5 e-mail   ?6 metadata   ?7 now
INSERT INTO billing_customers (id, org_id, stripe_customer_id, name, email, metadata, created_at, updated_at,
                               stripe_event_created)
VALUES (?2, ?1, ?3, ?4, ?5, ?6, ?7, ?7, 0)
ON CONFLICT (stripe_customer_id) DO NOTHING
ON CONFLICT (org_id) DO UPDATE SET
  stripe_customer_id = excluded.stripe_customer_id, name = excluded.name, email = excluded.email, currency = 'usd',
  balance_cents = 0, delinquent = 0, default_payment_method_id = NULL, invoice_settings = '{}',
  metadata = excluded.metadata, deleted_at = NULL, updated_at = excluded.updated_at, stripe_event_created = 0,
  stripe_event_rank = 0, snapshot_digest = NULL, delivery_id = NULL
WHERE billing_customers.deleted_at IS NOT NULL
