-- Takes over a price's snapshot, if this delivery claimed the event, unless a newer one was applied or it was deleted. A
-- price that names no plan keeps the one it has here.
-- Indexes: stripe_events.stripe_event_id, plan_prices.stripe_price_id.
-- ?1 event   ?2 delivery   ?3 price   ?4 event.created   ?5 now   ?6 plan   ?7 product   ?8 nickname   ?9 currency
-- ?10 amount   ?11 interval   ?12 its count   ?13 active   ?14 deleted
INSERT INTO plan_prices (stripe_price_id, plan, stripe_product_id, nickname, currency, unit_amount_cents,
                         billing_interval, interval_count, is_active, is_deleted, stripe_event_created, updated_at)
SELECT ?3, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?4, ?5
FROM stripe_events e
WHERE e.stripe_event_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed'
ON CONFLICT (stripe_price_id) DO UPDATE SET
  plan = coalesce(excluded.plan, plan_prices.plan), stripe_product_id = excluded.stripe_product_id,
  nickname = excluded.nickname, currency = excluded.currency, unit_amount_cents = excluded.unit_amount_cents,
  billing_interval = excluded.billing_interval, interval_count = excluded.interval_count,
  is_active = excluded.is_active, is_deleted = excluded.is_deleted,
  stripe_event_created = excluded.stripe_event_created, updated_at = excluded.updated_at
WHERE plan_prices.is_deleted = 0
  AND (excluded.is_deleted = 1 OR excluded.stripe_event_created >= plan_prices.stripe_event_created)
