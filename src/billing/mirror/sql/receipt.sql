-- One event, with what came; for staff, of whichever org; behind receipt_columns.sql. Index: stripe_events.id.
-- ?4 event
, e.payload
FROM stripe_events e
WHERE e.id = +?4 AND (SELECT org_id FROM scope) IN ('*', e.org_id)
