-- Sums of all orgs' usage per kind, for staff. Index: usage_of_all_orgs
-- (period_start), some rows per period.
-- ?4 first day   ?5 day after the last   ?6 status, or NULL   ?7 kind of usage, or NULL
SELECT u.usage_type, sum(u.records) AS records, sum(u.quantity) AS quantity,
       sum(u.amount_cents) AS amount_cents, min(u.period_start) AS period_start,
       max(u.period_end) AS period_end
FROM scope CROSS JOIN usage_of_all_orgs u ON scope.org_id = '*'
WHERE u.period_start >= ?4 AND u.period_start < ?5
  AND (?6 IS NULL OR u.status = +?6)
  AND (?7 IS NULL OR u.usage_type = +?7)
  AND u.records > 0
GROUP BY u.usage_type
