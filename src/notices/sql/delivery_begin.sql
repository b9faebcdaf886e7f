-- Notes that a delivery is about to be given to its provider, if this run holds it. Index: notice_deliveries.id.
-- ?1 org_id   ?2 delivery   ?3 lease id   ?4 now
UPDATE notice_deliveries SET status = 'sending', attempts = attempts + 1,
  first_attempt_at = coalesce(first_attempt_at, ?4)
WHERE id = +?2 AND org_id = +?1 AND lease_id = +?3
RETURNING id
