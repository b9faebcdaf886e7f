-- Closes the oldest open records of all orgs (org_id) whose period is over. Index: billing_records_open.
-- ?1 end of the period before   ?2 how many at most
UPDATE billing_records SET counting = 'closed'
WHERE counting = 'open'
  AND id IN (SELECT b.id FROM billing_records b
              WHERE b.counting = 'open' AND b.period_end < ?1 ORDER BY b.period_end, b.id LIMIT +?2)
RETURNING id
