-- Vectors of passages (of their org_id), unless they have changed since they were read. Indexes: passages.id,
-- passage_vectors.passage_id.
-- ?1 arrays of passage, org, chunk, text, vector and the six numbers of its signature as a JSON array   ?2 model
INSERT INTO passage_vectors (passage_id, org_id, model, vector, signs_1, signs_2, signs_3, signs_4, signs_5, signs_6)
SELECT p.id, p.org_id, ?2, value ->> 4, value ->> '$[5][0]', value ->> '$[5][1]', value ->> '$[5][2]',
       value ->> '$[5][3]', value ->> '$[5][4]', value ->> '$[5][5]'
FROM json_each(?1)
CROSS JOIN passages p ON p.id = value ->> 0
WHERE p.org_id = value ->> 1 AND p.chunk_id = value ->> 2 AND p.content = value ->> 3
ON CONFLICT (passage_id) DO UPDATE SET
  org_id = excluded.org_id, model = excluded.model, vector = excluded.vector, signs_1 = excluded.signs_1,
  signs_2 = excluded.signs_2, signs_3 = excluded.signs_3, signs_4 = excluded.signs_4, signs_5 = excluded.signs_5,
  signs_6 = excluded.signs_6
