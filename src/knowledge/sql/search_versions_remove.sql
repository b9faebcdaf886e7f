-- Takes the passages of an org's versions out of the index. Index: passages_by_version.
-- ?1 org_id   ?2 versions as a JSON array
DELETE FROM passages WHERE version_id IN (SELECT value FROM json_each(?2)) AND org_id = +?1
