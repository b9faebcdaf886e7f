-- What the org of the request calls itself, and whether its plan has room for another site.
-- Indexes: orgs.id, plan_limits.plan.
SELECT coalesce(nullif(o.slug, ''), o.name) AS org_label, o.site_count < coalesce(p.sites, 9e18) AS has_room
FROM scope CROSS JOIN orgs o ON o.id = scope.org_id
LEFT JOIN plan_limits p ON p.plan = o.limits_plan
