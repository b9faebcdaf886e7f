-- What an org may say aloud in a month, and did; no row in the view of all orgs.
-- Indexes: orgs.id, plan_limits.plan, budgets.scope_id, budget_counters (scope_id, period).
-- ?4 first day of the month   ?5 last day
SELECT coalesce(g.voice_seconds_per_month, p.voice_seconds_per_month) AS voice_seconds_limit,
       (SELECT coalesce(sum(b.voice_ms), 0) / 1000 FROM budget_counters b
         WHERE b.scope_id = scope.org_id AND b.period BETWEEN ?4 AND ?5) AS voice_seconds
FROM scope
CROSS JOIN orgs o ON o.id = scope.org_id
LEFT JOIN plan_limits p ON p.plan = o.limits_plan
LEFT JOIN budgets g ON g.scope_id = o.id AND g.org_id = o.id AND o.limits_plan <> 'none'
