-- A visitor asked for an appointment: told once for each session. Indexes: outcome_events.id, chat_sessions.id.
-- ?1 session   ?2 site   ?3 org   ?4 now
INSERT INTO outcome_events (id, org_id, outcome_type, label, recorded_at, metadata)
SELECT 'appointment_requested:' || c.id, c.org_id, 'appointment_requested', 'Appointment asked for', ?4,
       json_object('sessionId', c.id, 'siteId', c.site_id)
FROM chat_sessions c
WHERE c.id = +?1 AND c.site_id = +?2 AND c.org_id = +?3 AND coalesce(c.status, 'active') = 'active'
ON CONFLICT (id) DO NOTHING
