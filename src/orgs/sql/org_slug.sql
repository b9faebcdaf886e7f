-- The slug that a new org got. Index: orgs.id. ?1 id
SELECT o.slug FROM orgs o WHERE o.id = +?1
