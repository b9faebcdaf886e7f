-- The limits of chat over days and months that are used up, of what a key opens: its deployment, its site and the
-- org_id of that. Indexes: site_keys.key, portal_sites.site_key, budgets.scope_id, budget_counters (scope_id, period).
-- ?1 key   ?2 day   ?3 first day of the month
WITH opened (site_id, deployment_id) AS (
  SELECT k.site_id, k.deployment_id FROM site_keys k WHERE k.key = ?1
  UNION ALL
  SELECT s.id, NULL FROM portal_sites s WHERE s.site_key = ?1
  LIMIT 1
),
found AS MATERIALIZED (
  SELECT s.id, s.org_id, d.id AS deployment_id, d.rate_limit_daily,
         bs.messages_per_day AS site_day, bs.messages_per_month AS site_month,
         bs.microusd_per_day AS site_microusd_day, bs.microusd_per_month AS site_microusd_month,
         coalesce(bo.messages_per_day, l.messages_per_day) AS org_day,
         coalesce(bo.messages_per_month, l.messages_per_month) AS org_month,
         coalesce(bo.microusd_per_day, l.microusd_per_day) AS org_microusd_day,
         coalesce(bo.microusd_per_month, l.microusd_per_month) AS org_microusd_month
    FROM opened k
    CROSS JOIN portal_sites s ON s.id = k.site_id
    CROSS JOIN orgs o ON o.id = s.org_id
    LEFT JOIN site_deployments d ON d.id = k.deployment_id AND d.org_id = s.org_id
    LEFT JOIN plan_limits l ON l.plan = coalesce(o.plan, 'chatbot')
    LEFT JOIN budgets bo ON bo.scope_id = s.org_id AND bo.org_id = s.org_id
    LEFT JOIN budgets bs ON bs.scope_id = s.id AND bs.org_id = s.org_id
),
limits (name, scope_id, since, messages, microusd) AS (
  SELECT 'deployment_day', 'deployment:' || deployment_id, ?2, rate_limit_daily, NULL FROM found
  UNION ALL SELECT 'site_day', id, ?2, site_day, site_microusd_day FROM found
  UNION ALL SELECT 'org_day', org_id, ?2, org_day, org_microusd_day FROM found
  UNION ALL SELECT 'site_month', id, ?3, site_month, site_microusd_month FROM found
  UNION ALL SELECT 'org_month', org_id, ?3, org_month, org_microusd_month FROM found
)
SELECT l.name
FROM limits l
WHERE (l.messages IS NOT NULL OR l.microusd IS NOT NULL)
  AND EXISTS (
        SELECT 1
          FROM (SELECT coalesce(sum(b.messages), 0) AS messages, coalesce(sum(b.microusd), 0) AS microusd
                  FROM budget_counters b
                 WHERE b.scope_id = l.scope_id AND b.period BETWEEN l.since AND ?2) used
         WHERE used.messages >= l.messages OR used.microusd >= l.microusd)
