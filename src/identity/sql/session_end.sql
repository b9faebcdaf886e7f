-- Has the tokens of the event's session refused. Indexes: clerk_events.svix_id, ended_sessions.session_id.
-- ?1 event   ?2 delivery   ?3 until when
INSERT INTO ended_sessions (session_id, expires_at)
SELECT e.object_id, ?3
FROM clerk_events e
WHERE e.svix_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed'
ON CONFLICT DO NOTHING
