-- Takes the claim back, if a snapshot of a subscription differs from another of its second: Stripe has to be asked. Comes
-- back with the delivery that wrote that one.
-- Indexes: stripe_events.stripe_event_id, billing_subscriptions.stripe_subscription_id.
-- ?1 event   ?2 delivery   ?3 subscription   ?4 event.created   ?5 rank   ?6 digest
UPDATE stripe_events SET status = 'failed', processing_error = 'unsettled'
FROM billing_subscriptions s
WHERE stripe_events.stripe_event_id = +?1 AND stripe_events.delivery_id = +?2 AND stripe_events.status = 'processed'
  AND s.stripe_subscription_id = +?3 AND s.org_id = stripe_events.org_id
  AND s.stripe_event_created = +?4 AND s.stripe_event_rank = +?5 AND s.snapshot_digest <> ?6
RETURNING (SELECT s.delivery_id FROM billing_subscriptions s
            WHERE s.stripe_subscription_id = +?3 AND s.org_id = stripe_events.org_id) AS written_by
