-- A new org. A slug that is taken gives way to ?4, or without it nothing is made.
-- Index: orgs.slug. Neither a SELECT nor RETURNING: with these, SQLite plans a look through all tables that
-- refer to orgs.
-- ?1 id   ?2 name   ?3 slug   ?4 slug if that is taken, or NULL   ?5 status   ?6 plan   ?7 now
INSERT INTO orgs (id, name, slug, status, plan, created_at, updated_at)
VALUES (?1, ?2,
        CASE WHEN ?4 IS NOT NULL AND EXISTS (SELECT 1 FROM orgs o WHERE o.slug = +?3) THEN ?4 ELSE ?3 END,
        ?5, ?6, ?7, ?7)
ON CONFLICT (slug) DO NOTHING
