-- Gives back an event that was taken and not sent, as if it had not been taken. Index: usage_meter_events
-- (billing_record_id).
-- ?1 record   ?2 org   ?3 attempt   ?4 when it is due
UPDATE usage_meter_events
SET attempts = attempts - 1, first_attempt_at = iif(attempts = 1, NULL, first_attempt_at), due_at = ?4
WHERE billing_record_id = +?1 AND org_id = +?2 AND attempts = +?3 AND +status = 'pending'
