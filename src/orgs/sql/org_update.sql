-- Changes an org, if it still is as it was judged. A slug of another org is refused by its index.
-- Index: orgs.id.
-- ?1 org   ?2 now   ?3 … ?6 name, slug, status, plan   ?7 … ?10 the same before
UPDATE orgs SET updated_at = ?2, name = ?3, slug = ?4, status = ?5, plan = ?6
WHERE id = +?1 AND name = +?7 AND slug IS +?8 AND coalesce(status, 'inactive') = +?9
  AND coalesce(plan, 'chatbot') = +?10
RETURNING id
