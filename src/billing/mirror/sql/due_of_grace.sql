-- The org_ids whose days of grace are over; before entitlement.sql. Index: orgs_in_grace.
-- ?1 most   ?2 '', the begin of time   ?3 now
WITH due(org_id) AS MATERIALIZED (
  SELECT o.id FROM orgs o WHERE o.grace_ends_at BETWEEN ?2 AND ?3 ORDER BY o.grace_ends_at LIMIT +?1)
