-- What became of an event, if this delivery claimed it. Index: clerk_events.svix_id.
-- ?1 event   ?2 delivery
SELECT e.id, e.status, e.org_id, e.reason FROM clerk_events e WHERE e.svix_id = +?1 AND e.delivery_id = +?2
