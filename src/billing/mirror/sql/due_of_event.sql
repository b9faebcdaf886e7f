-- The org_id whose standing an event may change, if this delivery claimed it; before entitlement.sql.
-- Index: stripe_events.stripe_event_id.   ?1 event   ?2 delivery
WITH due(org_id) AS MATERIALIZED (
  SELECT e.org_id FROM stripe_events e
   WHERE e.stripe_event_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed' AND e.org_id IS NOT NULL)
