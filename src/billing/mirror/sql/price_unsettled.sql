-- Takes the claim back, if a snapshot of a price differs from another of its second: Stripe has to be asked. Comes back
-- with the delivery that wrote that one. Indexes: stripe_events.stripe_event_id, plan_prices.stripe_price_id.
-- ?1 event   ?2 delivery   ?3 price   ?4 event.created   ?5 1 if deleted   ?6 digest
UPDATE stripe_events SET status = 'failed', processing_error = 'unsettled'
FROM plan_prices p
WHERE stripe_events.stripe_event_id = +?1 AND stripe_events.delivery_id = +?2 AND stripe_events.status = 'processed'
  AND p.stripe_price_id = +?3 AND p.is_deleted = 0 AND ?5 = 0
  AND p.stripe_event_created = +?4 AND p.snapshot_digest <> ?6
RETURNING (SELECT p.delivery_id FROM plan_prices p WHERE p.stripe_price_id = +?3) AS written_by
