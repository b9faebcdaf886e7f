-- The org_ids that have subscriptions of the price that an event is about, if this delivery claimed it; before
-- entitlement.sql. Indexes: stripe_events.stripe_event_id, billing_subscription_items_by_price.   ?1 event   ?2 delivery
WITH due(org_id) AS MATERIALIZED (
  SELECT DISTINCT i.org_id FROM stripe_events e
  CROSS JOIN billing_subscription_items i ON i.stripe_price_id = e.object_id
   WHERE e.stripe_event_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed')
