-- Takes over a subscription's snapshot under the org_id of its customer's row, unless a newer one was
-- applied or it was deleted. Indexes: stripe_events.stripe_event_id, billing_customers.stripe_customer_id,
-- billing_subscriptions.stripe_subscription_id.
-- ?1 row id   ?2 event   ?3 delivery   ?4 Stripe customer   ?5 event.created   ?6 rank   ?7 now
-- ?8 subscription   ?9 price   ?10 status   ?11 Stripe's status   ?12 nickname   ?13 quantity
-- ?14 cancels at period end   ?15 period start   ?16 period end   ?17 canceled at   ?18 ended at
-- ?19 trial start   ?20 trial end   ?21 metadata
INSERT INTO billing_subscriptions (
  id, org_id, billing_customer_id, stripe_subscription_id, stripe_price_id, status, stripe_status,
  plan_nickname, quantity, cancel_at_period_end, current_period_start, current_period_end, canceled_at,
  ended_at, trial_start, trial_end, metadata, created_at, updated_at, stripe_event_created, stripe_event_rank)
SELECT ?1, c.org_id, c.id, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?7, ?7, ?5, ?6
FROM stripe_events e
JOIN billing_customers c ON c.stripe_customer_id = +?4 AND c.org_id = e.org_id
WHERE e.stripe_event_id = +?2 AND e.delivery_id = +?3 AND e.status = 'processed'
ON CONFLICT (stripe_subscription_id) DO UPDATE SET
  stripe_price_id = excluded.stripe_price_id,
  status = excluded.status,
  stripe_status = excluded.stripe_status,
  plan_nickname = excluded.plan_nickname,
  quantity = excluded.quantity,
  cancel_at_period_end = excluded.cancel_at_period_end,
  current_period_start = excluded.current_period_start,
  current_period_end = excluded.current_period_end,
  canceled_at = excluded.canceled_at,
  ended_at = excluded.ended_at,
  trial_start = excluded.trial_start,
  trial_end = excluded.trial_end,
  metadata = excluded.metadata,
  updated_at = excluded.updated_at,
  stripe_event_created = excluded.stripe_event_created,
  stripe_event_rank = excluded.stripe_event_rank
WHERE billing_subscriptions.org_id = excluded.org_id
  AND billing_subscriptions.stripe_event_rank <> 2
  AND (excluded.stripe_event_rank = 2
       OR (excluded.stripe_event_created, excluded.stripe_event_rank)
          >= (billing_subscriptions.stripe_event_created, billing_subscriptions.stripe_event_rank))
