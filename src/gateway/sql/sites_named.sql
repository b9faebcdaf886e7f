-- Which of the named sites are the org's. Index: portal_sites.id.   ?4 ids, as a JSON array
SELECT s.id
FROM json_each(?4) CROSS JOIN portal_sites s ON s.id = json_each.value
WHERE (SELECT org_id FROM scope) = s.org_id
