-- Tells the org_id of an event that this delivery claimed that a trial ends, once for each end: if it still runs, and
-- ends when the event says. Indexes: stripe_events.stripe_event_id, billing_subscriptions.stripe_subscription_id.
-- ?1 id   ?2 event   ?3 delivery   ?4 subscription   ?5 end of the trial   ?6 now
INSERT INTO notices (id, org_id, kind, subject, occasion, details, created_at)
SELECT ?1, e.org_id, 'billing.trial_ending', s.stripe_subscription_id, s.trial_end,
       json_object('trialEndsAt', s.trial_end), ?6
FROM stripe_events e
JOIN billing_subscriptions s ON s.stripe_subscription_id = +?4 AND s.org_id = e.org_id
WHERE e.stripe_event_id = +?2 AND e.delivery_id = +?3 AND e.status = 'processed'
  AND s.status = 'trialing' AND s.trial_end = +?5 AND s.trial_end > ?6
ON CONFLICT DO NOTHING
