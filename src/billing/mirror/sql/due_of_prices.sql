-- The org_ids behind one that have subscriptions of some prices; before entitlement.sql.
-- Index: billing_subscription_items_by_price.
-- ?1 prices as a JSON array of objects with the names of the columns   ?2 org_id behind which they are, '' for all
WITH due(org_id) AS MATERIALIZED (
  SELECT DISTINCT i.org_id FROM json_each(?1) p
  CROSS JOIN billing_subscription_items i ON i.stripe_price_id = p.value ->> 'stripe_price_id' AND i.org_id > ?2)
