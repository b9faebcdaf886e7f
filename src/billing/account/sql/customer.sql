-- The org's customer at Stripe; no row in the view of all orgs. Index: billing_customers.org_id.
SELECT c.id, c.org_id, c.stripe_customer_id, c.email, c.name, coalesce(c.currency, 'usd') AS currency,
       coalesce(c.balance_cents, 0) AS balance_cents, c.delinquent, c.default_payment_method_id,
       c.invoice_settings, c.metadata, c.created_at, c.updated_at
FROM scope CROSS JOIN billing_customers c ON c.org_id = scope.org_id
WHERE c.deleted_at IS NULL
