-- Takes all versions of a document out of the index, but for the passages that are written next, whose vectors are kept
-- where their text is as it was; unless a newer change was told. Indexes: passages_by_version, feeds.name.
-- ?1 org_id   ?2 the document's feed   ?3 the change   ?4 versions as a JSON array   ?5 the passages that are
-- written next as a JSON array
DELETE FROM passages
WHERE version_id IN (SELECT value FROM json_each(?4)) AND org_id = +?1
  AND chunk_id NOT IN (SELECT value FROM json_each(?5))
  AND (SELECT f.seq FROM feeds f WHERE f.name = +?2) = +?3
