-- A new site, unless the org has as many as its plan has, or another one, of whichever org_id, answers the page of its
-- origin without a key. Indexes: orgs.id, plan_limits.plan, portal_sites_keyless_origin (UNIQUE).
-- ?1 org_id   ?2 id   ?3 now   ?4 key   ?5 name   ?6 type   ?7 domain   ?8 prompt   ?9 config
-- ?10 allowed origins   ?11 origin that needs no key, or NULL   ?12 Google key   ?13 ElevenLabs key
-- ?14 OpenAI key, all encrypted   ?15 voices and agents that staff assigned
-- ?16 1 for staff, whom the plan does not bind
INSERT INTO portal_sites (id, org_id, site_key, name, type, domain, system_prompt, config, allowed_origins,
                          keyless_origin, google_api_key, elevenlabs_api_key, openai_api_key, assigned_voices, status,
                          created_at, updated_at)
SELECT ?2, o.id, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 'active', ?3, ?3
FROM orgs o
LEFT JOIN plan_limits p ON p.plan = o.limits_plan
WHERE o.id = +?1 AND (?16 = 1 OR o.site_count < coalesce(p.sites, 9e18))
ON CONFLICT (keyless_origin) WHERE keyless_origin IS NOT NULL DO NOTHING
