-- Active sites, without provider keys: the first 500 by age. Indexes: portal_sites_active_by_org; for all
-- orgs portal_sites_active_by_time. Only one of the two parts has rows: the other has no org, or no limit.
SELECT * FROM (
  SELECT s.id, s.org_id, s.site_key, s.name, s.type, s.domain, s.system_prompt, s.config, s.status,
         s.created_at, s.updated_at,
         coalesce(s.google_api_key, '') <> '' AS has_google_key,
         coalesce(s.elevenlabs_api_key, '') <> '' AS has_elevenlabs_key
  FROM portal_sites s
  WHERE s.org_id = (SELECT org_id FROM scope) AND s.status = 'active'
  ORDER BY s.created_at, s.id
  LIMIT 500)
UNION ALL
SELECT * FROM (
  SELECT s.id, s.org_id, s.site_key, s.name, s.type, s.domain, s.system_prompt, s.config, s.status,
         s.created_at, s.updated_at,
         coalesce(s.google_api_key, '') <> '',
         coalesce(s.elevenlabs_api_key, '') <> ''
  FROM portal_sites s
  WHERE s.status = 'active'
  ORDER BY s.created_at, s.id
  LIMIT EXISTS (SELECT 1 FROM scope WHERE org_id = '*') * 500)
