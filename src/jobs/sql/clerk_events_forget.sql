-- Forgets old receipts of Clerk's events, of all orgs (org_id), some at a time. Index: clerk_events_by_time.
-- ?1 before   ?2 how many at most
DELETE FROM clerk_events
WHERE id IN (SELECT id FROM clerk_events WHERE received_at < ?1 ORDER BY received_at LIMIT +?2)
RETURNING 1 AS one
