-- Sums over all outcomes per currency, most outcomes first: of any type or one. Some rows per scope, along
-- outcomes_ever (scope_id, outcome_type).
-- ?4 type, or NULL
SELECT e.currency, sum(e.outcomes) AS outcomes, sum(e.amount_cents) AS amount_cents
FROM scope CROSS JOIN outcomes_ever e ON e.scope_id = scope.org_id
WHERE (?4 IS NULL OR e.outcome_type = +?4)
GROUP BY e.currency
ORDER BY outcomes DESC, e.currency
