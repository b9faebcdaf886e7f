-- Takes documents of an org out of the index. Index: passages_by_org.
-- ?1 org_id   ?2 documents as a JSON array
DELETE FROM passages WHERE org_id = +?1 AND document_id IN (SELECT value FROM json_each(?2))
