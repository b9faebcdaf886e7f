-- The org of the request; no row in the view of all orgs. Index: orgs.id.
SELECT o.id, o.clerk_org_id, o.name, o.slug, o.status, o.plan, o.max_members, o.created_at, o.updated_at
FROM scope CROSS JOIN orgs o ON o.id = scope.org_id
