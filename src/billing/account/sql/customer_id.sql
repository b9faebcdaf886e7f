-- The org's customer at Stripe by its ids; no row in the view of all orgs. Index: billing_customers.org_id.
SELECT c.id, c.stripe_customer_id
FROM scope CROSS JOIN billing_customers c ON c.org_id = scope.org_id
WHERE c.deleted_at IS NULL
