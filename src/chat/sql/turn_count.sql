-- Counts a message that was let in, with what is set aside for it, against each limit of its org_id, site, deployment
-- and visitor. Months are sums of days. Indexes: chat_turns.id, budget_counters (scope_id, period).   ?10 turn
INSERT INTO budget_counters (scope_id, period, org_id, messages, microusd)
SELECT l.scope_id, l.period, t.org_id, 1, t.reserved_microusd
FROM limits l CROSS JOIN chat_turns t
WHERE l.scope_id IS NOT NULL AND l.is_sum = 0 AND t.id = +?10
ON CONFLICT (scope_id, period) DO UPDATE SET
  messages = messages + excluded.messages, microusd = microusd + excluded.microusd
