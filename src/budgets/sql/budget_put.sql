-- Sets the own limits of an org or of one of its sites, if they and the org's plan still are those that were read.
-- Indexes: orgs.id, budgets.scope_id.
-- ?1 org_id   ?2 the org or the site   ?3 the site, or NULL   ?4 now   ?5 when they were changed before, or NULL   ?6 plan
-- ?7 to ?16 the limits
INSERT INTO budgets (scope_id, org_id, site_id, updated_at,
                     site_messages_per_minute, visitor_messages_per_minute, messages_per_day, messages_per_month,
                     microusd_per_day, microusd_per_month, concurrent_sessions, message_characters,
                     turn_microusd, voice_seconds_per_month)
SELECT ?2, o.id, ?3, ?4, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16
FROM orgs o
WHERE o.id = +?1 AND o.limits_plan = +?6
ON CONFLICT (scope_id) DO UPDATE SET
  updated_at = excluded.updated_at,
  site_messages_per_minute = excluded.site_messages_per_minute,
  visitor_messages_per_minute = excluded.visitor_messages_per_minute,
  messages_per_day = excluded.messages_per_day,
  messages_per_month = excluded.messages_per_month,
  microusd_per_day = excluded.microusd_per_day,
  microusd_per_month = excluded.microusd_per_month,
  concurrent_sessions = excluded.concurrent_sessions,
  message_characters = excluded.message_characters,
  turn_microusd = excluded.turn_microusd,
  voice_seconds_per_month = excluded.voice_seconds_per_month
WHERE budgets.org_id = +?1 AND budgets.updated_at = +?5
RETURNING scope_id
