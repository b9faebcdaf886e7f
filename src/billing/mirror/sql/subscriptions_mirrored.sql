-- What the mirror has of some subscriptions, whatever their org_id. Index: billing_subscriptions.stripe_subscription_id.
-- ?1 their ids, as a JSON array
SELECT s.stripe_subscription_id AS id, s.stripe_event_created AS created, s.snapshot_digest AS digest, s.delivery_id
FROM json_each(?1) j
JOIN billing_subscriptions s ON s.stripe_subscription_id = +j.value
