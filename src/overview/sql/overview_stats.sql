-- Sums of the period from the daily rollup of the org, or of all orgs. Index: metrics_rollup (scope_id, date).
-- ?4 first day   ?5 last day
SELECT coalesce(sum(r.sessions), 0) AS sessions,
       coalesce(sum(r.messages), 0) AS messages,
       coalesce(sum(r.answers), 0) AS answers,
       coalesce(sum(r.latency_ms_total), 0) AS latency_ms_total,
       coalesce(sum(r.leads), 0) AS leads,
       coalesce(sum(r.appointments), 0) AS appointments
FROM scope CROSS JOIN metrics_rollup r ON r.scope_id = scope.org_id
WHERE r.date BETWEEN ?4 AND ?5
