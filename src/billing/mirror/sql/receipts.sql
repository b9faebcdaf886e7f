-- Events that Stripe sent, newest first; behind receipt_columns.sql. Indexes: stripe_events_by_org; for all orgs stripe_events_by_time.
-- ?4 ?5 key of the page before   ?6 limit
FROM stripe_events e
WHERE (SELECT org_id FROM scope) = e.org_id
  AND (e.received_at, e.id) < (?4, ?5)
ORDER BY e.received_at DESC, e.id DESC
LIMIT +?6
