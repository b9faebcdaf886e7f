-- Events that failed, of all orgs (org_id), oldest first. Index: stripe_events_by_status.
-- ?1 ?2 key of the page before   ?3 limit
SELECT e.id, e.received_at, e.payload
FROM stripe_events e
WHERE e.status = 'failed' AND (e.received_at, e.id) > (?1, ?2)
ORDER BY e.received_at, e.id
LIMIT +?3
