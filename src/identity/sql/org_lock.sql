-- Switches the event's organization (org_id) off, which locks its members out; its data stays.
-- Indexes: clerk_events.svix_id, orgs.id.
-- ?1 event   ?2 delivery   ?3 now
UPDATE orgs SET status = 'inactive', updated_at = ?3
WHERE id = (SELECT e.org_id FROM clerk_events e
             WHERE e.svix_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed')
  AND status IN ('active', 'at_risk')
