-- Connections, last changed first, without their credentials. Indexes: integration_connections_by_org;
-- for all orgs integration_connections_by_time.
-- ?4 ?5 key of the page before   ?6 limit
SELECT i.id, i.org_id, i.connector, coalesce(i.status, 'pending') AS status, i.last_refreshed_at, i.expires_at,
       i.health_status, i.health_detail, i.created_at, i.updated_at
FROM integration_connections i
WHERE (SELECT org_id FROM scope) = i.org_id
  AND (i.updated_at, i.id) < (?4, ?5)
ORDER BY i.updated_at DESC, i.id DESC
LIMIT +?6
