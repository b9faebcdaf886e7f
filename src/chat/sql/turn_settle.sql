-- Puts what a turn has cost in the place of what was set aside for it, on the day on which it was let in, if the
-- statement before it in the transaction ended the turn. Indexes: chat_turns.id, budget_counters (scope_id, period).
-- ?1 turn   ?2 site   ?3 org   ?4 day   ?5 scope of its deployment, or NULL   ?6 cost   ?7 1 if it counts as a message
UPDATE budget_counters
SET messages = messages - 1 + ?7,
    microusd = max(0, microusd + ?6 - (
      SELECT t.reserved_microusd FROM chat_turns t WHERE t.id = +?1 AND t.org_id = +?3))
WHERE org_id = +?3 AND period = +?4 AND (scope_id = +?2 OR scope_id = +?3 OR scope_id = +?5) AND changes() > 0
