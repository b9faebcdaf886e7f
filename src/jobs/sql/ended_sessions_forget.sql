-- Forgets sessions that ended so long ago that no token of theirs is valid, some at a time.
-- Index: ended_sessions_by_expiry.   ?1 now   ?2 how many at most
DELETE FROM ended_sessions
WHERE session_id IN (SELECT session_id FROM ended_sessions WHERE expires_at < ?1 ORDER BY expires_at LIMIT +?2)
RETURNING 1 AS one
