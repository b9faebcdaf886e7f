-- Keeps late writers of documents that are gone away. Index: feeds.name; the entries of one parameter.
-- ?1 the documents' feeds as a JSON array   ?2 a change that is later than theirs
INSERT INTO feeds (name, seq) SELECT value, ?2 FROM json_each(?1) WHERE true
ON CONFLICT (name) DO UPDATE SET seq = max(excluded.seq, feeds.seq + 1)
