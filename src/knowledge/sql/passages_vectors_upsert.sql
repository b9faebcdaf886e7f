-- Vectors of passages (of their org_id), unless they have changed since they were read. Indexes: passages.id,
-- passage_vectors.passage_id.
-- ?1 arrays of passage, org, chunk, text and vector as a JSON array   ?2 model
INSERT INTO passage_vectors (passage_id, org_id, model, vector)
SELECT p.id, p.org_id, ?2, value ->> 4
FROM json_each(?1)
CROSS JOIN passages p ON p.id = value ->> 0
WHERE p.org_id = value ->> 1 AND p.chunk_id = value ->> 2 AND p.content = value ->> 3
ON CONFLICT (passage_id) DO UPDATE SET org_id = excluded.org_id, model = excluded.model, vector = excluded.vector
