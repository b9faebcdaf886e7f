-- How many passages orgs have in the index. Index: passages_by_org.
-- ?1 org_ids as a JSON array
SELECT value AS org_id, (SELECT count(*) FROM passages p WHERE p.org_id = value) AS passages FROM json_each(?1)
