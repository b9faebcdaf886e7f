-- What an org may use, by its plan and by limits of its own, and what it used today and this month.
-- Indexes: orgs.id, plan_limits.plan, budgets.scope_id, budget_counters (scope_id, period).
-- ?4 today   ?5 first day of the month
SELECT o.id AS org_id, o.limits_plan AS plan,
       json_array(p.site_messages_per_minute, p.visitor_messages_per_minute, p.messages_per_day,
                  p.messages_per_month, p.microusd_per_day, p.microusd_per_month, p.concurrent_sessions,
                  p.message_characters, p.turn_microusd, p.voice_seconds_per_month) AS plan_limits,
       json_array(w.site_messages_per_minute, w.visitor_messages_per_minute, w.messages_per_day,
                  w.messages_per_month, w.microusd_per_day, w.microusd_per_month, w.concurrent_sessions,
                  w.message_characters, w.turn_microusd, w.voice_seconds_per_month) AS own,
       w.updated_at,
       (SELECT json_array(coalesce(sum(b.messages), 0), coalesce(sum(b.microusd), 0), coalesce(sum(b.voice_ms), 0))
          FROM budget_counters b
         WHERE b.scope_id = o.id AND b.org_id = o.id AND b.period = +?4) AS today,
       (SELECT json_array(coalesce(sum(b.messages), 0), coalesce(sum(b.microusd), 0), coalesce(sum(b.voice_ms), 0))
          FROM budget_counters b
         WHERE b.scope_id = o.id AND b.org_id = o.id AND b.period BETWEEN ?5 AND ?4) AS month
FROM scope CROSS JOIN orgs o ON o.id = scope.org_id
LEFT JOIN plan_limits p ON p.plan = o.limits_plan
LEFT JOIN budgets w ON w.scope_id = o.id AND w.org_id = o.id AND o.limits_plan <> 'none'
