-- Subscriptions that have not ended as far as the mirror knows, of all orgs (org_id). Index: billing_subscriptions_live.
-- ?1 the last one before   ?2 limit
SELECT s.stripe_subscription_id AS id, s.stripe_event_created AS created, s.snapshot_digest AS digest, s.delivery_id
FROM billing_subscriptions s
WHERE s.stripe_event_rank <> 2 AND s.status <> 'incomplete_expired' AND s.stripe_subscription_id > ?1
ORDER BY s.stripe_subscription_id
LIMIT +?2
