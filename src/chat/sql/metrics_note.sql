-- Adds to the site's day what the statement before it in the batch did, if that one changed a row.
-- Index: metrics_daily (org_id, site_id, date).
-- ?1 org   ?2 site   ?3 day   ?4 messages   ?5 leads   ?6 appointments   ?7 now
INSERT INTO metrics_daily (id, org_id, site_id, date, total_messages, leads_captured, appointments_booked, created_at)
SELECT ?1 || '_' || ?2 || '_' || ?3, ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE changes() > 0
ON CONFLICT (org_id, site_id, date) DO UPDATE SET
  total_messages = coalesce(total_messages, 0) + excluded.total_messages,
  leads_captured = coalesce(leads_captured, 0) + excluded.leads_captured,
  appointments_booked = coalesce(appointments_booked, 0) + excluded.appointments_booked
