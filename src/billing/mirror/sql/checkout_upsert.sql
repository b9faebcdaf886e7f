-- How a checkout session ended, if this delivery claimed the event; also of one whose own row is not written yet. What
-- ended stays so. Indexes: stripe_events.stripe_event_id, billing_checkout_sessions.stripe_session_id.
-- ?1 row id   ?2 event   ?3 delivery   ?4 session   ?5 now   ?6 customer   ?7 subscription   ?8 status   ?9 mode
-- ?10 expires at
INSERT INTO billing_checkout_sessions (id, org_id, stripe_session_id, stripe_customer_id, stripe_subscription_id, status,
                                       mode, expires_at, completed_at, created_at, updated_at)
SELECT ?1, e.org_id, ?4, ?6, ?7, ?8, ?9, ?10, iif(?8 = 'complete', ?5, NULL), ?5, ?5
FROM stripe_events e
WHERE e.stripe_event_id = +?2 AND e.delivery_id = +?3 AND e.status = 'processed' AND e.org_id IS NOT NULL
ON CONFLICT (stripe_session_id) DO UPDATE SET
  status = excluded.status,
  stripe_customer_id = coalesce(excluded.stripe_customer_id, billing_checkout_sessions.stripe_customer_id),
  stripe_subscription_id = coalesce(excluded.stripe_subscription_id, billing_checkout_sessions.stripe_subscription_id),
  completed_at = excluded.completed_at,
  updated_at = excluded.updated_at
WHERE billing_checkout_sessions.org_id = excluded.org_id AND billing_checkout_sessions.status = 'open'
