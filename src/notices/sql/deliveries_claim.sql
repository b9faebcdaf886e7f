-- Takes deliveries that are due: those that wait, and those whose run was lost. Orgs (org_id) take turns: the longest due
-- of each, then the second of each. Index: notice_deliveries_due.
-- ?1 now   ?2 lease id   ?3 lease ends   ?4 how many   ?5 among how many
UPDATE notice_deliveries SET lease_id = ?2, next_attempt_at = ?3
WHERE id IN (
  SELECT due.id
  FROM (SELECT d.id, d.next_attempt_at,
               row_number() OVER (PARTITION BY d.org_id ORDER BY d.next_attempt_at, d.id) AS place
        FROM (SELECT x.id, x.org_id, x.next_attempt_at FROM notice_deliveries x
               WHERE x.next_attempt_at <= ?1 ORDER BY x.next_attempt_at LIMIT +?5) AS d) AS due
  ORDER BY due.place, due.next_attempt_at LIMIT +?4)
RETURNING id
