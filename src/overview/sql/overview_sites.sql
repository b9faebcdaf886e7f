-- Active sites, without provider keys: at most 500. Index: idx_portal_sites_org_id.
SELECT s.id, s.org_id, s.site_key, s.name, s.type, s.domain, s.system_prompt, s.config, s.status,
       s.created_at, s.updated_at,
       coalesce(s.google_api_key, '') <> '' AS has_google_key,
       coalesce(s.elevenlabs_api_key, '') <> '' AS has_elevenlabs_key
FROM visible CROSS JOIN portal_sites s ON s.org_id = visible.org_id
WHERE s.status = 'active'
ORDER BY s.created_at, s.id
LIMIT 500
