-- The site that a deployment is made for, and what its org calls itself. Indexes: portal_sites.id, orgs.id.
-- ?4 id
SELECT s.id, s.org_id, (SELECT coalesce(nullif(o.slug, ''), o.name) FROM orgs o WHERE o.id = s.org_id) AS org_label
FROM portal_sites s
WHERE s.id = +?4 AND (SELECT org_id FROM scope) IN ('*', s.org_id)
