-- One site after a change, without provider keys. Index: portal_sites.id.
-- ?1 org_id   ?2 id
SELECT s.id, s.org_id, s.site_key, s.name, s.type, s.domain, s.status, s.system_prompt, s.config,
       s.allowed_origins, s.keyless_origin, s.assigned_voices,
       coalesce(s.google_api_key, '') <> '' AS has_google_key,
       coalesce(s.openai_api_key, '') <> '' AS has_openai_key,
       coalesce(s.elevenlabs_api_key, '') <> '' AS has_elevenlabs_key,
       s.created_at, s.updated_at
FROM portal_sites s
WHERE s.id = +?2 AND s.org_id = +?1
