-- Those of some events that were not applied, whatever their org_id. Index: stripe_events.stripe_event_id.
-- ?1 their ids, as a JSON array
SELECT j.value AS id
FROM json_each(?1) j
WHERE NOT EXISTS (SELECT 1 FROM stripe_events e
                   WHERE e.stripe_event_id = +j.value AND e.status IN ('processed', 'skipped'))
