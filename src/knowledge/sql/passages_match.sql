-- The org's passages that best match a question, matched words between the characters 2 and 3.
-- Index: passages_fts (the tenant's key is a term of the match), passages.id.
-- ?1 match expression   ?2 org   ?3 how many
SELECT p.chunk_id, p.source_id, p.document_id, p.version_id, p.title, p.page_label,
       highlight(passages_fts, 2, char(2), char(3)) AS marked,
       bm25(passages_fts, 0.0, 4.0, 1.0) AS rank
FROM passages_fts
JOIN passages p ON p.id = passages_fts.rowid
WHERE passages_fts MATCH ?1 AND p.org_id = ?2
ORDER BY rank
LIMIT ?3
