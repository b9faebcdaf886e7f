-- One site, without provider keys, and what its org calls itself. Indexes: portal_sites.id, orgs.id.
-- ?4 id
SELECT s.id, s.org_id, s.site_key, s.name, s.type, s.domain, s.status, s.system_prompt, s.config,
       s.allowed_origins, s.keyless_origin, s.assigned_voices,
       coalesce(s.google_api_key, '') <> '' AS has_google_key,
       coalesce(s.openai_api_key, '') <> '' AS has_openai_key,
       coalesce(s.elevenlabs_api_key, '') <> '' AS has_elevenlabs_key,
       s.created_at, s.updated_at,
       (SELECT coalesce(nullif(o.slug, ''), o.name) FROM orgs o WHERE o.id = s.org_id) AS org_label
FROM portal_sites s
WHERE s.id = +?4 AND (SELECT org_id FROM scope) IN ('*', s.org_id)
