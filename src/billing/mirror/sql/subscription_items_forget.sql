-- Forgets the items that a subscription no longer has, if this delivery applied its snapshot.
-- Indexes: billing_subscriptions.stripe_subscription_id, billing_subscription_items_by_subscription.
-- ?1 delivery   ?2 subscription   ?3 ids of its items, as a JSON array
DELETE FROM billing_subscription_items
WHERE (billing_subscription_id, org_id) IN (
  SELECT s.id, s.org_id FROM billing_subscriptions s WHERE s.stripe_subscription_id = +?2 AND s.delivery_id = +?1)
  AND stripe_item_id NOT IN (SELECT value FROM json_each(?3))
