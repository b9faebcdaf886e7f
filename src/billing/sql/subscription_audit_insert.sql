-- The audit entry of a subscription's snapshot, if this delivery applied it.
-- Indexes: billing_subscriptions.stripe_subscription_id, stripe_events.stripe_event_id.
-- ?1 row id   ?2 event   ?3 delivery   ?4 subscription   ?5 event.created   ?6 rank   ?7 now
-- ?8 event type   ?9 metadata
INSERT INTO audit_logs (id, org_id, actor_type, actor_id, event_type, target_type, target_id, metadata, created_at)
SELECT ?1, s.org_id, 'integration', 'stripe', ?8, 'subscription', s.stripe_subscription_id, ?9, ?7
FROM stripe_events e
JOIN billing_subscriptions s ON s.stripe_subscription_id = +?4 AND s.org_id = e.org_id
WHERE e.stripe_event_id = +?2 AND e.delivery_id = +?3 AND e.status = 'processed'
  AND s.stripe_event_created = +?5 AND s.stripe_event_rank = +?6 AND s.updated_at = +?7
