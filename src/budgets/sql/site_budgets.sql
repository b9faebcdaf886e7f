-- What the sites of one org may use, newest first, and what they used today and this month. Indexes:
-- portal_sites_by_org, orgs.id, plan_limits.plan, budgets.scope_id, budget_counters (scope_id, period).
-- ?4 today   ?5 first day of the month   ?6 ?7 key of the page before   ?8 limit
SELECT s.id, s.org_id, s.name, s.status, s.created_at, o.limits_plan AS plan,
       json_array(p.site_messages_per_minute, p.visitor_messages_per_minute, p.messages_per_day,
                  p.messages_per_month, p.microusd_per_day, p.microusd_per_month, p.concurrent_sessions,
                  p.message_characters, p.turn_microusd, p.voice_seconds_per_month) AS plan_limits,
       json_array(w.site_messages_per_minute, w.visitor_messages_per_minute, w.messages_per_day,
                  w.messages_per_month, w.microusd_per_day, w.microusd_per_month, w.concurrent_sessions,
                  w.message_characters, w.turn_microusd, w.voice_seconds_per_month) AS org_own,
       json_array(v.site_messages_per_minute, v.visitor_messages_per_minute, v.messages_per_day,
                  v.messages_per_month, v.microusd_per_day, v.microusd_per_month, v.concurrent_sessions,
                  v.message_characters, v.turn_microusd, v.voice_seconds_per_month) AS own,
       v.updated_at,
       (SELECT json_array(coalesce(sum(b.messages), 0), coalesce(sum(b.microusd), 0), coalesce(sum(b.voice_ms), 0))
          FROM budget_counters b
         WHERE b.scope_id = s.id AND b.org_id = s.org_id AND b.period = +?4) AS today,
       (SELECT json_array(coalesce(sum(b.messages), 0), coalesce(sum(b.microusd), 0), coalesce(sum(b.voice_ms), 0))
          FROM budget_counters b
         WHERE b.scope_id = s.id AND b.org_id = s.org_id AND b.period BETWEEN ?5 AND ?4) AS month
FROM portal_sites s
JOIN orgs o ON o.id = s.org_id
LEFT JOIN plan_limits p ON p.plan = o.limits_plan
LEFT JOIN budgets w ON w.scope_id = s.org_id AND w.org_id = s.org_id AND o.limits_plan <> 'none'
LEFT JOIN budgets v ON v.scope_id = s.id AND v.org_id = s.org_id
WHERE (SELECT org_id FROM scope) = s.org_id
  AND (s.created_at, s.id) < (?6, ?7)
ORDER BY s.created_at DESC, s.id DESC
LIMIT +?8
