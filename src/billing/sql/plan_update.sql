-- Gives the org the plan of a live subscription, if this delivery applied its snapshot.
-- Indexes: orgs.id, billing_subscriptions.stripe_subscription_id, stripe_events.stripe_event_id.
-- ?1 event   ?2 delivery   ?3 subscription   ?4 event.created   ?5 rank   ?6 plan   ?7 now
UPDATE orgs SET plan = ?6, updated_at = ?7
WHERE plan IS NOT ?6 AND id = (
  SELECT s.org_id
    FROM stripe_events e
    JOIN billing_subscriptions s ON s.stripe_subscription_id = +?3 AND s.org_id = e.org_id
   WHERE e.stripe_event_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed'
     AND s.stripe_event_created = +?4 AND s.stripe_event_rank = +?5 AND s.updated_at = +?7)
