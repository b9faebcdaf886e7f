-- Those of some customers of Stripe's that are or were an org_id's.
-- Indexes: billing_customers.stripe_customer_id, billing_former_customers.stripe_customer_id.
-- ?1 their ids, as a JSON array
SELECT j.value AS id
FROM json_each(?1) j
WHERE EXISTS (SELECT 1 FROM billing_customers c WHERE c.stripe_customer_id = +j.value)
   OR EXISTS (SELECT 1 FROM billing_former_customers f WHERE f.stripe_customer_id = +j.value)
