-- Takes all versions of a document out of the index, unless a newer change was told. Indexes: passages_by_version,
-- feeds.name.
-- ?1 org_id   ?2 the document's feed   ?3 the change   ?4 versions as a JSON array
DELETE FROM passages
WHERE version_id IN (SELECT value FROM json_each(?4)) AND org_id = ?1
  AND (SELECT f.seq FROM feeds f WHERE f.name = ?2) = ?3
