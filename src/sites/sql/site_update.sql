-- Changes a site, unless another one, of whichever org_id, answers the page of its new origin without a key.
-- Indexes: portal_sites.id, portal_sites_keyless_origin (UNIQUE).
-- ?1 org_id   ?2 id   ?3 now   ?4 name   ?5 type   ?6 status, each NULL to keep it
-- then pairs of 1 to change and the value: ?7 ?8 domain   ?9 ?10 prompt   ?11 ?12 config
-- ?13 ?14 allowed origins   ?15 ?16 origin that needs no key   ?17 ?18 Google key   ?19 ?20 ElevenLabs key
-- ?21 ?22 OpenAI key   ?23 ?24 voices and agents that staff assigned
UPDATE portal_sites SET
  name = coalesce(?4, name),
  type = coalesce(?5, type),
  status = coalesce(?6, status),
  domain = CASE ?7 WHEN 1 THEN ?8 ELSE domain END,
  system_prompt = CASE ?9 WHEN 1 THEN ?10 ELSE system_prompt END,
  config = CASE ?11 WHEN 1 THEN ?12 ELSE config END,
  allowed_origins = CASE ?13 WHEN 1 THEN ?14 ELSE allowed_origins END,
  keyless_origin = CASE ?15 WHEN 1 THEN ?16 ELSE keyless_origin END,
  google_api_key = CASE ?17 WHEN 1 THEN ?18 ELSE google_api_key END,
  elevenlabs_api_key = CASE ?19 WHEN 1 THEN ?20 ELSE elevenlabs_api_key END,
  openai_api_key = CASE ?21 WHEN 1 THEN ?22 ELSE openai_api_key END,
  assigned_voices = CASE ?23 WHEN 1 THEN ?24 ELSE assigned_voices END,
  updated_at = ?3
WHERE id = +?2 AND org_id = +?1
  AND (?16 IS NULL
       OR NOT EXISTS (SELECT 1 FROM portal_sites o WHERE o.keyless_origin = +?16 AND o.id <> ?2))
RETURNING id
