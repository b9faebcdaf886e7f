-- A new site, unless another one, of whichever org_id, answers the page of its origin without a key.
-- Index: portal_sites_keyless_origin (UNIQUE).
-- ?1 org_id   ?2 id   ?3 now   ?4 key   ?5 name   ?6 type   ?7 domain   ?8 prompt   ?9 config
-- ?10 allowed origins   ?11 origin that needs no key, or NULL   ?12 Google key   ?13 ElevenLabs key
-- ?14 OpenAI key, all encrypted   ?15 voices and agents that staff assigned
INSERT INTO portal_sites (id, org_id, site_key, name, type, domain, system_prompt, config, allowed_origins,
                          keyless_origin, google_api_key, elevenlabs_api_key, openai_api_key, assigned_voices, status,
                          created_at, updated_at)
VALUES (?2, ?1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 'active', ?3, ?3)
ON CONFLICT (keyless_origin) WHERE keyless_origin IS NOT NULL DO NOTHING
