-- One policy, for its removal. Index: retention_policies.id.
-- ?4 id
SELECT p.id, p.org_id, p.data_type, CAST(p.ttl_days AS INTEGER) AS ttl_days,
       coalesce(p.apply_anonymization = 1 OR p.apply_anonymization = '1' OR p.apply_anonymization = 'true', 0) AS apply_anonymization, p.enforced_at, p.created_at, p.updated_at
FROM retention_policies p
WHERE p.id = +?4 AND (SELECT org_id FROM scope) IN ('*', p.org_id)
