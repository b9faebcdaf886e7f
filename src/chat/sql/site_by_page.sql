-- The site that answers a page without a key: one site of one org_id.
-- Index: portal_sites_keyless_origin (UNIQUE).   ?1 origin
SELECT s.id, s.org_id, s.name, s.type, s.status, s.domain, s.keyless_origin, s.allowed_origins, s.config,
       o.status AS org_status
FROM portal_sites s JOIN orgs o ON o.id = s.org_id
WHERE s.keyless_origin = ?1
