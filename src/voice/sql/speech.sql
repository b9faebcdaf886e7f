-- How the named site speaks and what it and its org_id may and did say: `voice` has one row, `speech` one per limit.
-- Behind chat's named.sql and in front of the statements that read from them. A use is a clip or a call; minutes and an
-- embed's day count uses, months count length, and money is counted with what answers cost, but is at most half of it,
-- so that speech does not stop the chat. A site's own key pays for itself: it has neither the bound of money nor the
-- seconds of its plan. Indexes: portal_sites.id, orgs.id, plan_limits.plan, budgets.scope_id, budget_counters (scope_id, period).
, voice AS MATERIALIZED (
  SELECT s.elevenlabs_api_key, s.assigned_voices, coalesce(s.elevenlabs_api_key, '') <> '' AS has_own_key,
         CASE WHEN bo.voice_seconds_per_month IS NOT NULL THEN bo.voice_seconds_per_month > 0
              WHEN p.plan IS NULL THEN 0
              ELSE coalesce(p.voice_seconds_per_month, 1) > 0 END AS plan_has_voice,
         iif(coalesce(s.elevenlabs_api_key, '') <> '' AND o.limits_plan <> 'none', bo.voice_seconds_per_month,
             coalesce(bo.voice_seconds_per_month, p.voice_seconds_per_month)) * 1000 AS org_ms,
         bs.voice_seconds_per_month * 1000 AS site_ms
    FROM found f
    JOIN portal_sites s ON s.id = f.id AND s.org_id = f.org_id
    JOIN orgs o ON o.id = f.org_id
    LEFT JOIN plan_limits p ON p.plan = o.limits_plan
    LEFT JOIN budgets bo ON bo.scope_id = f.org_id AND bo.org_id = f.org_id AND o.limits_plan <> 'none'
    LEFT JOIN budgets bs ON bs.scope_id = f.id AND bs.org_id = f.org_id
),
speech AS MATERIALIZED (
  SELECT l.name, l.scope_id, l.is_sum, l.period,
         iif(l.name IN ('visitor-minute', 'site-minute', 'deployment-minute', 'deployment-day'),
             l.messages, NULL) AS uses,
         iif(v.has_own_key, NULL, l.microusd) AS microusd,
         iif(v.has_own_key, NULL, l.microusd / 2) AS voice_microusd,
         CASE l.name WHEN 'site-month' THEN v.site_ms WHEN 'org-month' THEN v.org_ms END AS voice_ms,
         (SELECT coalesce(sum(b.clips + b.calls), 0) FROM budget_counters b
           WHERE b.scope_id = l.scope_id AND b.period BETWEEN l.since AND l.period) AS used_uses,
         (SELECT coalesce(sum(b.microusd), 0) FROM budget_counters b
           WHERE b.scope_id = l.scope_id AND b.period BETWEEN l.since AND l.period) AS used_microusd,
         (SELECT coalesce(sum(b.voice_microusd), 0) FROM budget_counters b
           WHERE b.scope_id = l.scope_id AND b.period BETWEEN l.since AND l.period) AS used_voice_microusd,
         (SELECT coalesce(sum(b.voice_ms), 0) FROM budget_counters b
           WHERE b.scope_id = l.scope_id AND b.period BETWEEN l.since AND l.period) AS used_voice_ms
    FROM limits l CROSS JOIN voice v
   WHERE l.scope_id IS NOT NULL
)
