-- A new source, unless the org has as many as it may; one with this id stays as it is. Indexes: orgs.id,
-- plan_limits.plan, knowledge_usage.org_id, knowledge_sources.id.
-- ?1 org_id   ?2 id   ?3 name   ?4 type   ?5 status   ?6 config   ?7 now
INSERT INTO knowledge_sources (id, org_id, name, type, status, config, created_at, updated_at)
SELECT ?2, o.id, ?3, ?4, ?5, ?6, ?7, ?7
FROM orgs o
LEFT JOIN plan_limits p ON p.plan = o.limits_plan
LEFT JOIN knowledge_usage u ON u.org_id = o.id
WHERE o.id = +?1 AND coalesce(u.sources, 0) < coalesce(p.knowledge_sources, 9e18)
ON CONFLICT (id) DO NOTHING
