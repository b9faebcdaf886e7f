-- Notes what became of a delivery that this run holds: it has ended, or waits again. Index: notice_deliveries.id.
-- ?1 org_id   ?2 delivery   ?3 lease id   ?4 status   ?5 reason, or NULL   ?6 provider's id, or NULL
-- ?7 next attempt, or NULL   ?8 when it ended, or NULL
UPDATE notice_deliveries SET status = ?4, reason = ?5, provider_id = ?6, next_attempt_at = ?7, ended_at = ?8,
  lease_id = NULL
WHERE id = +?2 AND org_id = +?1 AND lease_id = +?3
RETURNING id
