-- Flows, last changed first. Indexes: flows_by_org; for all orgs flows_by_time.
-- ?4 ?5 key of the page before   ?6 limit
SELECT f.id, f.org_id, f.name, f.description, coalesce(f.status, 'draft') AS status, f."trigger",
       f.entry_step_id, f.last_published_at, f.created_at, f.updated_at, coalesce(f.version, 1) AS version
FROM flows f
WHERE (SELECT org_id FROM scope) = f.org_id
  AND (f.updated_at, f.id) < (?4, ?5)
ORDER BY f.updated_at DESC, f.id DESC
LIMIT +?6
