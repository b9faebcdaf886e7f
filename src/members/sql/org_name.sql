-- The name of the org of the request. Index: orgs.id.
SELECT o.name FROM orgs o WHERE o.id = (SELECT org_id FROM scope)
