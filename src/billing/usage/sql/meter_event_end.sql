-- Notes what became of an event after an attempt, if no other has begun since. Index: usage_meter_events
-- (billing_record_id).
-- ?1 record   ?2 org   ?3 attempt   ?4 status   ?5 reason, or NULL   ?6 now   ?7 when it is due, if it is pending
UPDATE usage_meter_events SET status = ?4, reason = ?5, ended_at = iif(?4 = 'pending', NULL, ?6), due_at = ?7
WHERE billing_record_id = +?1 AND org_id = +?2 AND attempts = +?3 AND +status = 'pending'
