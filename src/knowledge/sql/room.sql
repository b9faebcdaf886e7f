-- How much knowledge an org has and may have. Indexes: orgs.id, plan_limits.plan, knowledge_usage.org_id.
-- ?1 org_id
SELECT coalesce(u.sources, 0) AS sources, p.knowledge_sources AS most_sources,
       coalesce(u.documents, 0) AS documents, p.knowledge_documents AS most_documents,
       coalesce(u.bytes, 0) AS bytes, p.knowledge_bytes AS most_bytes
FROM orgs o
LEFT JOIN plan_limits p ON p.plan = o.limits_plan
LEFT JOIN knowledge_usage u ON u.org_id = o.id
WHERE o.id = +?1
