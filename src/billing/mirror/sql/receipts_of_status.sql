-- Events of one status, newest first; behind receipt_columns.sql. Indexes: stripe_events_by_org_status; for all orgs stripe_events_by_status.
-- ?4 ?5 key of the page before   ?6 limit   ?7 status
FROM stripe_events e
WHERE (SELECT org_id FROM scope) = e.org_id AND e.status = +?7
  AND (e.received_at, e.id) < (?4, ?5)
ORDER BY e.received_at DESC, e.id DESC
LIMIT +?6
