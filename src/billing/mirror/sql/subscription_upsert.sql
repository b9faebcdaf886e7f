-- Takes over a subscription's snapshot under the org_id of its customer's row, unless a newer one was applied, or one of its
-- second that differs. One that ended stays so: nothing but what says the same is written over it.
-- Indexes: stripe_events.stripe_event_id, billing_customers.org_id, billing_subscriptions.stripe_subscription_id.
-- ?1 event   ?2 delivery   ?3 subscription   ?4 event.created   ?5 rank   ?6 digest   ?7 delivery that may be written
-- over, '*' or NULL   ?8 now   ?9 row id   ?10 created   ?11 since when payments fail
-- ?12 price   ?13 status   ?14 Stripe's status   ?15 nickname   ?16 quantity   ?17 cancels at period end
-- ?18 period start   ?19 period end   ?20 canceled at   ?21 ended at   ?22 trial start   ?23 trial end   ?24 metadata
INSERT INTO billing_subscriptions (
  id, org_id, billing_customer_id, stripe_subscription_id, stripe_price_id, status, stripe_status,
  plan_nickname, quantity, cancel_at_period_end, current_period_start, current_period_end, canceled_at,
  ended_at, trial_start, trial_end, metadata, past_due_since, created_at, updated_at,
  stripe_event_created, stripe_event_rank, snapshot_digest, delivery_id)
SELECT ?9, c.org_id, c.id, ?3, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?11, ?10, ?8, ?4, ?5, ?6, ?2
FROM stripe_events e
JOIN billing_customers c ON c.org_id = e.org_id
WHERE e.stripe_event_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed'
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
  past_due_since = iif(excluded.status = 'past_due',
                       coalesce(billing_subscriptions.past_due_since, excluded.past_due_since), NULL),
  created_at = excluded.created_at,
  updated_at = excluded.updated_at,
  stripe_event_created = excluded.stripe_event_created,
  stripe_event_rank = excluded.stripe_event_rank,
  snapshot_digest = excluded.snapshot_digest,
  delivery_id = excluded.delivery_id
WHERE billing_subscriptions.org_id = excluded.org_id
  AND (excluded.stripe_event_rank = 2 OR billing_subscriptions.stripe_event_rank <> 2)
  AND (excluded.stripe_event_rank > billing_subscriptions.stripe_event_rank AND excluded.stripe_event_rank = 2
       OR billing_subscriptions.stripe_event_rank = 2 AND billing_subscriptions.snapshot_digest IS NULL
       OR (excluded.stripe_event_created, excluded.stripe_event_rank)
          > (billing_subscriptions.stripe_event_created, billing_subscriptions.stripe_event_rank)
       OR ((excluded.stripe_event_created, excluded.stripe_event_rank)
           = (billing_subscriptions.stripe_event_created, billing_subscriptions.stripe_event_rank)
           AND (billing_subscriptions.snapshot_digest IS NULL OR ?7 IN ('*', billing_subscriptions.delivery_id))))
