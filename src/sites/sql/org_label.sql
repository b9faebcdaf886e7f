-- What the org of the request calls itself. Index: orgs.id.
SELECT coalesce(nullif(o.slug, ''), o.name) AS org_label
FROM scope CROSS JOIN orgs o ON o.id = scope.org_id
