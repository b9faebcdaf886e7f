-- Prices as Stripe listed them, but for those that an event told of since; one that names no plan keeps the one it has
-- here. Prices belong to no org_id.
-- Index: plan_prices.stripe_price_id.   ?1 prices as a JSON array of objects with the names of the columns   ?2 now
-- ?3 event.created from which on events may be newer than the list
INSERT INTO plan_prices (stripe_price_id, plan, stripe_product_id, nickname, currency, unit_amount_cents,
                         billing_interval, interval_count, is_active, updated_at)
SELECT p.value ->> 'stripe_price_id', p.value ->> 'plan', p.value ->> 'stripe_product_id', p.value ->> 'nickname',
       p.value ->> 'currency', p.value ->> 'unit_amount_cents', p.value ->> 'billing_interval',
       p.value ->> 'interval_count', p.value ->> 'is_active', ?2
FROM json_each(?1) p
WHERE true
ON CONFLICT (stripe_price_id) DO UPDATE SET
  plan = coalesce(excluded.plan, plan_prices.plan), stripe_product_id = excluded.stripe_product_id,
  nickname = excluded.nickname, currency = excluded.currency, unit_amount_cents = excluded.unit_amount_cents,
  billing_interval = excluded.billing_interval, interval_count = excluded.interval_count,
  is_active = excluded.is_active, updated_at = excluded.updated_at
WHERE plan_prices.is_deleted = 0 AND plan_prices.stripe_event_created < ?3
