-- Outcomes that the feed shows as one type of event, newest first. Indexes: outcome_events_by_org_type;
-- for all orgs outcome_events_by_type.
-- ?4 ?5 ?6 key of the page before   ?7 type of event   ?8 limit
SELECT o.recorded_at AS at, o.id AS id, 'outcome' AS arm, o.org_id AS org_id, '' AS site_id,
       '' AS session_id, o.event_type AS subject,
       coalesce(nullif(o.label, ''), o.outcome_type) AS content, NULL AS metadata
FROM outcome_events o
WHERE (SELECT org_id FROM scope) = o.org_id
  AND o.event_type = +?7
  AND (o.recorded_at, o.id, 'outcome') < (?4, ?5, ?6)
ORDER BY o.recorded_at DESC, o.id DESC
LIMIT +?8
