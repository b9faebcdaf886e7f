-- One flow, if the caller may see it. Index: flows.id.
-- ?4 flow
SELECT f.id, f.org_id, f.name, f.description, coalesce(f.status, 'draft') AS status, f."trigger",
       f.entry_step_id, f.last_published_at, f.created_at, f.updated_at, coalesce(f.version, 1) AS version
FROM flows f
WHERE f.id = +?4 AND (SELECT org_id FROM scope) IN (f.org_id, '*')
