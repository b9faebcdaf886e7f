-- Forgets the changes of all orgs (org_id) that the index has seen. Index: search_changes.seq.
-- ?1 number of the last
DELETE FROM search_changes WHERE seq <= ?1
