-- Sums of an org's usage per kind, over one row per kind and period. Index: billing_records_by_org.
-- ?4 first day   ?5 day after the last   ?6 status, or NULL   ?7 kind of usage, or NULL
SELECT u.usage_type, count(*) AS records, sum(coalesce(u.quantity, 0)) AS quantity,
       sum(coalesce(u.amount_cents, 0)) AS amount_cents, min(u.period_start) AS period_start,
       max(u.period_end) AS period_end
FROM scope CROSS JOIN billing_records u ON u.org_id = scope.org_id
WHERE u.period_start >= ?4 AND u.period_start < ?5
  AND (?6 IS NULL OR coalesce(u.status, 'pending') = +?6)
  AND (?7 IS NULL OR u.usage_type = +?7)
GROUP BY u.usage_type
