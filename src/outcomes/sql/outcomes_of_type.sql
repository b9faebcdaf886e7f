-- Outcomes of one type, newest first. Indexes: outcome_events_by_org_outcome; for all orgs
-- outcome_events_by_outcome.
-- ?4 ?5 key of the page before   ?6 limit   ?7 first day   ?8 type
SELECT o.id, o.org_id, o.action_run_id, o.outcome_type, o.label, o.amount_cents,
       coalesce(o.currency, 'USD') AS currency, o.recorded_at, o.metadata
FROM outcome_events o
WHERE (SELECT org_id FROM scope) = o.org_id
  AND o.outcome_type = +?8
  AND (o.recorded_at, o.id) < (?4, ?5)
  AND o.recorded_at >= ?7
ORDER BY o.recorded_at DESC, o.id DESC
LIMIT +?6
