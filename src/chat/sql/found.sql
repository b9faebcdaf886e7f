-- The named site with its org, its deployment and its limits (found), and what these have used (used), behind named.sql.
-- Indexes: portal_sites.id, orgs.id, site_deployments.id, plan_limits.plan, budgets.scope_id, budget_counters (scope_id, period).
-- A page's visitor has a tenth of the org's day, twenty messages at least; that count is kept as the day's last minute,
-- and so forgotten with the minutes.
-- ?6 minute   ?7 day   ?8 first day of the month   ?9 visitor whose minutes count, or NULL
, found AS (
  SELECT s.id, s.org_id, s.name, coalesce(s.type, 'chatbot') AS type, s.status, s.domain, s.keyless_origin,
         coalesce(d.allowed_origins, s.allowed_origins) AS allowed_origins, s.config, s.system_prompt,
         s.google_api_key, s.openai_api_key, o.name AS org_name, o.status AS org_status,
         d.id AS deployment_id, d.status AS deployment_status, n.token_id, n.token_used_at,
         coalesce(min(bs.site_messages_per_minute, bo.site_messages_per_minute), bs.site_messages_per_minute,
                  bo.site_messages_per_minute, p.site_messages_per_minute) AS site_minute,
         coalesce(min(bs.visitor_messages_per_minute, bo.visitor_messages_per_minute), bs.visitor_messages_per_minute,
                  bo.visitor_messages_per_minute, p.visitor_messages_per_minute) AS visitor_minute,
         d.rate_limit_rpm, d.rate_limit_daily,
         bs.messages_per_day AS site_day, bs.messages_per_month AS site_month,
         bs.microusd_per_day AS site_microusd_day, bs.microusd_per_month AS site_microusd_month,
         coalesce(bo.messages_per_day, p.messages_per_day) AS org_day,
         coalesce(bo.messages_per_month, p.messages_per_month) AS org_month,
         coalesce(bo.microusd_per_day, p.microusd_per_day) AS org_microusd_day,
         coalesce(bo.microusd_per_month, p.microusd_per_month) AS org_microusd_month,
         coalesce(min(bs.concurrent_sessions, bo.concurrent_sessions), bs.concurrent_sessions,
                  bo.concurrent_sessions, p.concurrent_sessions) AS concurrent_sessions,
         coalesce(min(bs.message_characters, bo.message_characters), bs.message_characters,
                  bo.message_characters, p.message_characters, 5000) AS message_characters,
         coalesce(min(bs.turn_microusd, bo.turn_microusd), bs.turn_microusd,
                  bo.turn_microusd, p.turn_microusd, 20000) AS turn_microusd,
         p.models AS plan_models
    FROM named n
    CROSS JOIN portal_sites s ON s.id = n.site_id
    JOIN orgs o ON o.id = s.org_id
    LEFT JOIN site_deployments d ON d.id = n.deployment_id AND d.org_id = s.org_id
    LEFT JOIN plan_limits p ON p.plan = o.limits_plan
    LEFT JOIN budgets bo ON bo.scope_id = s.org_id AND bo.org_id = s.org_id AND o.limits_plan <> 'none'
    LEFT JOIN budgets bs ON bs.scope_id = s.id AND bs.org_id = s.org_id
),
limits AS (
  SELECT n.column1 AS name, n.column2 = 'month' AS is_sum,
         CASE n.column2 WHEN 'minute' THEN ?6 WHEN 'last minute' THEN ?7 || 'T23:59' WHEN 'day' THEN ?7
           ELSE ?8 END AS since,
         CASE n.column2 WHEN 'minute' THEN ?6 WHEN 'last minute' THEN ?7 || 'T23:59' ELSE ?7 END AS period,
         CASE n.column1
           WHEN 'visitor-minute' THEN 'minute:visitor:' || f.id || ':' || ?9
           WHEN 'visitor-day' THEN iif(f.token_id IS NULL, 'day:visitor:' || f.id || ':' || ?9, NULL)
           WHEN 'site-minute' THEN 'minute:' || f.id
           WHEN 'deployment-minute' THEN 'minute:deployment:' || f.deployment_id
           WHEN 'deployment-day' THEN 'deployment:' || f.deployment_id
           WHEN 'site-day' THEN f.id
           WHEN 'site-month' THEN f.id
           ELSE f.org_id END AS scope_id,
         CASE n.column1
           WHEN 'visitor-minute' THEN f.visitor_minute
           WHEN 'site-minute' THEN f.site_minute
           WHEN 'deployment-minute' THEN f.rate_limit_rpm
           WHEN 'deployment-day' THEN f.rate_limit_daily
           WHEN 'site-day' THEN f.site_day
           WHEN 'site-month' THEN f.site_month
           WHEN 'visitor-day' THEN max(20, f.org_day / 10)
           WHEN 'org-day' THEN f.org_day
           ELSE f.org_month END AS messages,
         CASE n.column1
           WHEN 'site-day' THEN f.site_microusd_day
           WHEN 'site-month' THEN f.site_microusd_month
           WHEN 'org-day' THEN f.org_microusd_day
           WHEN 'org-month' THEN f.org_microusd_month END AS microusd
    FROM found f
    CROSS JOIN (VALUES
      ('visitor-minute', 'minute'), ('site-minute', 'minute'), ('deployment-minute', 'minute'),
      ('deployment-day', 'day'), ('site-day', 'day'), ('org-day', 'day'), ('visitor-day', 'last minute'),
      ('site-month', 'month'), ('org-month', 'month')) AS n
),
used AS (
  SELECT l.name, l.scope_id, l.is_sum, l.period, l.messages, l.microusd,
         (SELECT coalesce(sum(b.messages), 0) FROM budget_counters b
           WHERE b.scope_id = l.scope_id AND b.period BETWEEN l.since AND l.period) AS used_messages,
         (SELECT coalesce(sum(b.microusd), 0) FROM budget_counters b
           WHERE b.scope_id = l.scope_id AND b.period BETWEEN l.since AND l.period) AS used_microusd
    FROM limits l
   WHERE l.scope_id IS NOT NULL
)
