-- Lets a clip or a call in and counts it, with what is set aside for it, against each limit of its org_id, site,
-- deployment and visitor: if its site and page are open to it, somebody's key pays, a challenge that the site asks for
-- was solved or the visitor's session is open, and no limit is used up. One statement, so that nobody slips between the
-- look and the count. Months are sums of days. Indexes: as speech.sql says, chat_sessions.id.
-- ?10 1 for a clip, 0 for a call   ?11 milliseconds set aside   ?12 micro-dollars set aside   ?13 1 if the platform has
-- a key   ?14 page, or NULL   ?15 entries that would list the page, as a JSON array   ?16 1 if a site without a list is
-- open to all pages   ?17 1 if the visitor solved a challenge   ?18 session, or NULL   ?19 visitor, or NULL
INSERT INTO budget_counters (scope_id, period, org_id, microusd, voice_microusd, voice_ms, clips, calls)
SELECT u.scope_id, u.period, f.org_id, iif(v.has_own_key, 0, ?12), iif(v.has_own_key, 0, ?12), ?11, ?10, 1 - ?10
FROM found f
CROSS JOIN voice v
CROSS JOIN limits u ON u.is_sum = 0 AND u.scope_id IS NOT NULL
WHERE f.status = 'active' AND f.type IN ('chatbot', 'voice') AND f.org_status IN ('active', 'at_risk')
  AND (f.deployment_status IS NULL OR f.deployment_status = 'active')
  AND (v.has_own_key OR (?13 = 1 AND v.plan_has_voice))
  AND (?14 IS NULL OR f.keyless_origin = +?14
       OR ?14 IN ('https://' || lower(f.domain), 'https://www.' || lower(f.domain))
       OR EXISTS (SELECT 1 FROM json_each(iif(json_valid(f.allowed_origins), f.allowed_origins, '[]')) listed
                  JOIN json_each(?15) wanted ON lower(listed.value) = wanted.value)
       OR (?16 = 1 AND coalesce(f.allowed_origins, '[]') = '[]'))
  AND (?17 = 1 OR iif(json_valid(f.config), json_type(f.config, '$.turnstile'), NULL) IS NOT 'true'
       OR EXISTS (SELECT 1 FROM chat_sessions c
                   WHERE c.id = +?18 AND c.site_id = f.id AND c.org_id = f.org_id AND c.status = 'active'
                     AND (c.visitor_id IS NULL OR c.visitor_id = +?19)))
  AND NOT EXISTS (
        SELECT 1 FROM speech l
         WHERE l.used_uses >= l.uses OR l.used_microusd + max(?12, 1) > l.microusd
            OR l.used_voice_microusd + max(?12, 1) > l.voice_microusd
            OR l.used_voice_ms + max(?11, 1000) > l.voice_ms)
ON CONFLICT (scope_id, period) DO UPDATE SET
  microusd = microusd + excluded.microusd, voice_microusd = voice_microusd + excluded.voice_microusd,
  voice_ms = voice_ms + excluded.voice_ms,
  clips = clips + excluded.clips, calls = calls + excluded.calls
RETURNING scope_id
