-- A session brought a lead: told once for each, whatever it brings after that. Indexes: outcome_events.id,
-- leads_by_session.
-- ?1 session   ?2 site   ?3 org   ?4 now
INSERT INTO outcome_events (id, org_id, outcome_type, label, recorded_at, metadata)
SELECT 'lead_captured:' || l.session_id, l.org_id, 'lead_captured', 'Lead from a conversation', ?4,
       json_object('sessionId', l.session_id, 'siteId', l.site_id)
FROM leads l
WHERE l.session_id = +?1 AND +l.site_id = +?2 AND +l.org_id = +?3
LIMIT 1
ON CONFLICT (id) DO NOTHING
