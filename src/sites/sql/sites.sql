-- Sites of any status, newest first, without provider keys. Indexes: portal_sites_by_org; for all orgs
-- portal_sites_by_time.
-- ?4 ?5 key of the page before   ?6 limit
SELECT s.id, s.org_id, s.site_key, s.name, s.type, s.domain, s.status, s.system_prompt, s.config,
       s.allowed_origins, s.keyless_origin, s.assigned_voices,
       coalesce(s.google_api_key, '') <> '' AS has_google_key,
       coalesce(s.openai_api_key, '') <> '' AS has_openai_key,
       coalesce(s.elevenlabs_api_key, '') <> '' AS has_elevenlabs_key,
       s.created_at, s.updated_at
FROM portal_sites s
WHERE (SELECT org_id FROM scope) = s.org_id
  AND (s.created_at, s.id) < (?4, ?5)
ORDER BY s.created_at DESC, s.id DESC
LIMIT +?6
