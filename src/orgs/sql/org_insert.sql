-- A new org. A slug that is taken gives way to ?4, or without it nothing is made.
-- Indexes: orgs.slug, orgs.id (the org_id of others).
-- ?1 id   ?2 name   ?3 slug   ?4 slug if that is taken, or NULL   ?5 status   ?6 plan   ?7 now
INSERT INTO orgs (id, name, slug, status, plan, created_at, updated_at)
SELECT ?1, ?2, CASE WHEN EXISTS (SELECT 1 FROM orgs o WHERE o.slug = ?3) THEN ?4 ELSE ?3 END, ?5, ?6, ?7, ?7
WHERE ?4 IS NOT NULL OR NOT EXISTS (SELECT 1 FROM orgs o WHERE o.slug = ?3)
RETURNING slug
