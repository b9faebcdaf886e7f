-- Sets the policy about one kind of data; a new one keeps the id it is given. Index: retention_policies (org_id, data_type).
-- ?1 org_id   ?2 id of a new row   ?3 now   ?4 kind   ?5 days   ?6 1 to anonymize
INSERT INTO retention_policies (id, org_id, data_type, ttl_days, apply_anonymization, created_at, updated_at)
VALUES (?2, ?1, ?4, ?5, ?6, ?3, ?3)
ON CONFLICT (org_id, data_type) DO UPDATE SET
  ttl_days = excluded.ttl_days,
  apply_anonymization = excluded.apply_anonymization,
  updated_at = excluded.updated_at
RETURNING id, org_id, data_type, CAST(ttl_days AS INTEGER) AS ttl_days,
          coalesce(apply_anonymization = 1 OR apply_anonymization = '1' OR apply_anonymization = 'true', 0) AS apply_anonymization,
          enforced_at, created_at, updated_at
