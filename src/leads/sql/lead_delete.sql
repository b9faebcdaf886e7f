-- Deletes a lead. Index: leads.id.   ?1 org   ?2 lead
DELETE FROM leads WHERE org_id = +?1 AND id = +?2
RETURNING id
