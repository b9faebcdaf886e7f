-- What an org has said aloud, per day; no row in the view of all orgs. Index: budget_counters (scope_id, period).
-- ?4 first day   ?5 last day
SELECT b.period AS date, b.clips, b.calls, b.voice_ms / 1000 AS voice_seconds
FROM scope CROSS JOIN budget_counters b ON b.scope_id = scope.org_id AND b.org_id = scope.org_id
WHERE b.period BETWEEN ?4 AND ?5
ORDER BY b.period
