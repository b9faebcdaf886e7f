-- Takes over the items of a subscription, if this delivery applied its snapshot; they have its org_id.
-- Indexes: billing_subscriptions.stripe_subscription_id, billing_subscription_items.stripe_item_id.
-- ?1 delivery   ?2 subscription   ?3 items as a JSON array of objects with the names of the columns
INSERT INTO billing_subscription_items (
  stripe_item_id, org_id, billing_subscription_id, stripe_price_id, plan, quantity, current_period_start,
  current_period_end, position)
SELECT i.value ->> 'stripe_item_id', s.org_id, s.id, i.value ->> 'stripe_price_id', i.value ->> 'plan',
       i.value ->> 'quantity', i.value ->> 'current_period_start', i.value ->> 'current_period_end', i.key
FROM billing_subscriptions s
CROSS JOIN json_each(?3) i
WHERE s.stripe_subscription_id = +?2 AND s.delivery_id = +?1
ON CONFLICT (stripe_item_id) DO UPDATE SET
  stripe_price_id = excluded.stripe_price_id,
  plan = excluded.plan,
  quantity = excluded.quantity,
  current_period_start = excluded.current_period_start,
  current_period_end = excluded.current_period_end,
  position = excluded.position
WHERE billing_subscription_items.billing_subscription_id = excluded.billing_subscription_id
