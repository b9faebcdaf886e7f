-- Records that somebody was sent to Stripe's billing portal, if the customer is still the org_id's. The link itself is a
-- key, and not kept. Index: billing_customers.id.
-- ?1 org   ?2 row id   ?3 customer's row   ?4 session   ?5 where it leads back to   ?6 by whom   ?7 now
INSERT INTO billing_portal_sessions (
  id, org_id, billing_customer_id, stripe_session_id, stripe_session_url, return_url, created_by, created_at)
SELECT ?2, c.org_id, c.id, ?4, '', ?5, ?6, ?7
FROM billing_customers c
WHERE c.id = +?3 AND c.org_id = +?1
ON CONFLICT DO NOTHING
