-- Passages of the version that is published, unless a newer change was told. Indexes: passages.chunk_id (UNIQUE),
-- feeds.name.
-- ?1 org_id   ?2 the document's feed   ?3 the change   ?4 the org as one token   ?5 source   ?6 document   ?7 version
-- ?8 title   ?9 arrays of chunk, text, label as a JSON array
INSERT INTO passages (chunk_id, org_id, tenant_key, source_id, document_id, version_id, title, content, page_label)
SELECT value ->> 0, ?1, ?4, ?5, ?6, ?7, ?8, value ->> 1, value ->> 2
FROM json_each(?9)
WHERE (SELECT f.seq FROM feeds f WHERE f.name = +?2) = +?3
ON CONFLICT (chunk_id) DO UPDATE SET
  source_id = excluded.source_id, document_id = excluded.document_id, version_id = excluded.version_id,
  title = excluded.title, content = excluded.content, page_label = excluded.page_label
WHERE passages.org_id = +?1
