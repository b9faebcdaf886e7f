-- Sums over the outcomes of some days per currency, most outcomes first: of any type or one. Some rows per
-- day, along outcomes_daily (scope_id, date).
-- ?4 first day   ?5 day after the last   ?6 type, or NULL
SELECT d.currency, sum(d.outcomes) AS outcomes, sum(d.amount_cents) AS amount_cents
FROM scope CROSS JOIN outcomes_daily d ON d.scope_id = scope.org_id
WHERE d.date >= ?4 AND d.date < ?5
  AND (?6 IS NULL OR d.outcome_type = +?6)
GROUP BY d.currency
ORDER BY outcomes DESC, d.currency
