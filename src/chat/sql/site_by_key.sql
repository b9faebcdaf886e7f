-- The site of a key, with its org's status. A key is public and names one site of one org_id.
-- Index: portal_sites.site_key (UNIQUE).   ?1 key
SELECT s.id, s.org_id, s.name, s.type, s.status, s.domain, s.keyless_origin, s.allowed_origins, s.config,
       o.status AS org_status
FROM portal_sites s JOIN orgs o ON o.id = s.org_id
WHERE s.site_key = ?1
