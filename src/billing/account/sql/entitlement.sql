-- What the org's subscriptions entitle it to; no row in the view of all orgs. Index: orgs.id.
SELECT o.limits_plan AS plan, o.billing_standing AS standing, o.grace_ends_at
FROM scope CROSS JOIN orgs o ON o.id = scope.org_id
