-- The org's policy about one kind of data. Index: retention_policies (org_id, data_type).
-- ?4 kind
SELECT p.id, p.org_id, p.data_type, CAST(p.ttl_days AS INTEGER) AS ttl_days,
       coalesce(p.apply_anonymization = 1 OR p.apply_anonymization = '1' OR p.apply_anonymization = 'true', 0) AS apply_anonymization, p.enforced_at, p.created_at, p.updated_at
FROM scope CROSS JOIN retention_policies p ON p.org_id = scope.org_id AND p.data_type = +?4
