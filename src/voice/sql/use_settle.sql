-- Puts what a clip or call was in the place of what was set aside for it, on the day on which it was let in.
-- Index: budget_counters (scope_id, period).
-- ?1 org   ?2 site   ?3 scope of its deployment, or NULL   ?4 day   ?5 milliseconds more, or less   ?6 micro-dollars
-- more, or less   ?7 clips more, or less   ?8 calls more, or less
UPDATE budget_counters
SET voice_ms = max(0, voice_ms + ?5), microusd = max(0, microusd + ?6),
    voice_microusd = max(0, voice_microusd + ?6),
    clips = max(0, clips + ?7), calls = max(0, calls + ?8)
WHERE org_id = +?1 AND period = +?4 AND (scope_id = +?1 OR scope_id = +?2 OR scope_id = +?3)
