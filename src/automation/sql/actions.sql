-- Action definitions, newest first. Indexes: action_definitions_by_org; for all orgs
-- action_definitions_by_time.
-- ?4 ?5 key of the page before   ?6 limit
SELECT a.id, a.org_id, a.key, a.name, a.description, coalesce(a.version, 'v1') AS version, a.handler_url,
       coalesce(a.timeout_ms, 30000) AS timeout_ms, coalesce(a.retry_policy, 'fixed') AS retry_policy,
       coalesce(a.max_retries, 3) AS max_retries, a.metadata, a.created_by, a.created_at, a.updated_at
FROM action_definitions a
WHERE (SELECT org_id FROM scope) = a.org_id
  AND (a.created_at, a.id) < (?4, ?5)
ORDER BY a.created_at DESC, a.id DESC
LIMIT +?6
