-- Policies by what they are about. Indexes: retention_policies (org_id, data_type); for all orgs
-- retention_policies_by_type.
-- ?4 ?5 key of the page before   ?6 limit
SELECT p.id, p.org_id, p.data_type, CAST(p.ttl_days AS INTEGER) AS ttl_days,
       coalesce(p.apply_anonymization = 1 OR p.apply_anonymization = '1' OR p.apply_anonymization = 'true', 0) AS apply_anonymization, p.enforced_at, p.created_at, p.updated_at
FROM retention_policies p
WHERE (SELECT org_id FROM scope) = p.org_id
  AND (p.data_type, p.id) > (?4, ?5)
ORDER BY p.data_type, p.id
LIMIT +?6
