-- Ends the subscriptions of a customer that this delivery deleted, as Stripe does; their own events may still say how.
-- Indexes: stripe_events.stripe_event_id, billing_customers.stripe_customer_id, billing_subscriptions_by_customer.
-- ?1 event   ?2 delivery   ?3 Stripe customer   ?4 now   ?5 when it happened
UPDATE billing_subscriptions SET
  status = 'canceled', stripe_status = 'canceled', canceled_at = coalesce(canceled_at, ?5),
  ended_at = coalesce(ended_at, ?5), past_due_since = NULL, updated_at = ?4, stripe_event_rank = 2,
  snapshot_digest = NULL, delivery_id = ?2
WHERE stripe_event_rank <> 2 AND status <> 'incomplete_expired' AND (billing_customer_id, org_id) IN (
  SELECT c.id, c.org_id
    FROM stripe_events e
    JOIN billing_customers c ON c.stripe_customer_id = +?3 AND c.org_id = e.org_id
   WHERE e.stripe_event_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed')
