-- How far the index has come with a document (of whichever org_id): an older writer changes nothing.
-- Index: feeds.name.   ?1 the document's feed   ?2 the change
INSERT INTO feeds (name, seq) VALUES (?1, ?2)
ON CONFLICT (name) DO UPDATE SET seq = excluded.seq WHERE excluded.seq > feeds.seq
