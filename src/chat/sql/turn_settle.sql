-- Puts what a turn has cost in the place of what was set aside for it, on the day on which it was let in.
-- Indexes: chat_turns.id, budget_counters (scope_id, period).
-- ?1 turn   ?2 site   ?3 org   ?4 ended   ?5 day   ?6 scope of its deployment, or NULL   ?7 cost
-- ?8 1 if it counts as a message
UPDATE budget_counters
SET messages = messages - 1 + ?8,
    microusd = max(0, microusd + ?7 - (
      SELECT t.reserved_microusd FROM chat_turns t WHERE t.id = ?1 AND t.org_id = ?3))
WHERE org_id = ?3 AND period = ?5 AND (scope_id = ?2 OR scope_id = ?3 OR scope_id = ?6)
  AND EXISTS (SELECT 1 FROM chat_turns t WHERE t.id = ?1 AND t.org_id = ?3 AND t.ended_at = ?4)
