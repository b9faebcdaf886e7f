-- Gives text messages of all orgs (org_id) up that were being sent by a run that was lost: the provider may have them.
-- Index: notice_deliveries_due.   ?1 now   ?2 reason
UPDATE notice_deliveries SET status = 'failed', reason = ?2, next_attempt_at = NULL, lease_id = NULL, ended_at = ?1
WHERE next_attempt_at <= ?1 AND channel = 'sms' AND status = 'sending'
RETURNING id
