-- The org's policy about one kind of data. Index: retention_policies (org_id, data_type).
-- ?4 kind
SELECT p.id, p.org_id, p.data_type, p.ttl_days, p.apply_anonymization, p.enforced_at, p.created_at, p.updated_at
FROM scope CROSS JOIN retention_policies p ON p.org_id = scope.org_id AND p.data_type = ?4
