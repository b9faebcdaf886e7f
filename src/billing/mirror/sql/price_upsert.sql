-- Takes over a price's snapshot, if this delivery claimed the event, unless a newer one was applied, one of its second that
-- differs, or it was deleted. A price that names no plan keeps the one it has here.
-- Indexes: stripe_events.stripe_event_id, plan_prices.stripe_price_id.
-- ?1 event   ?2 delivery   ?3 price   ?4 event.created   ?5 1 if deleted   ?6 digest   ?7 delivery that may be written over,
-- '*' or NULL   ?8 now   ?9 plan   ?10 product   ?11 nickname   ?12 currency   ?13 amount   ?14 interval   ?15 its count
-- ?16 active
INSERT INTO plan_prices (stripe_price_id, plan, stripe_product_id, nickname, currency, unit_amount_cents,
                         billing_interval, interval_count, is_active, is_deleted, stripe_event_created,
                         snapshot_digest, delivery_id, updated_at)
SELECT ?3, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?5, ?4, ?6, ?2, ?8
FROM stripe_events e
WHERE e.stripe_event_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed'
ON CONFLICT (stripe_price_id) DO UPDATE SET
  plan = coalesce(excluded.plan, plan_prices.plan), stripe_product_id = excluded.stripe_product_id,
  nickname = excluded.nickname, currency = excluded.currency, unit_amount_cents = excluded.unit_amount_cents,
  billing_interval = excluded.billing_interval, interval_count = excluded.interval_count,
  is_active = excluded.is_active, is_deleted = excluded.is_deleted,
  stripe_event_created = excluded.stripe_event_created, snapshot_digest = excluded.snapshot_digest,
  delivery_id = excluded.delivery_id, updated_at = excluded.updated_at
WHERE plan_prices.is_deleted = 0
  AND (excluded.is_deleted = 1
       OR excluded.stripe_event_created > plan_prices.stripe_event_created
       OR (excluded.stripe_event_created = plan_prices.stripe_event_created
           AND (plan_prices.snapshot_digest IS NULL OR ?7 IN ('*', plan_prices.delivery_id))))
