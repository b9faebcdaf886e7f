-- Forgets counts of minutes that have passed, of all orgs (org_id), some at a time.
-- Index: budget_counters_of_minutes.   ?1 before   ?2 how many at most
DELETE FROM budget_counters
 WHERE length(period) = 16
   AND (scope_id, period) IN (
     SELECT scope_id, period FROM budget_counters WHERE length(period) = 16 AND period < ?1
      ORDER BY period LIMIT +?2)
RETURNING 1 AS one
