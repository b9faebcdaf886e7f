-- Coarse signatures of vectors: vectors in much the same direction have most bits in common, so that the nearest are
-- found without reading all of them. 6 x 62 bits, half of them set; `knowledge::signature` makes them. NULL where
-- there is none: `knowledge_embeddings` fills what older versions stored.
ALTER TABLE passage_vectors ADD COLUMN signs_1 INTEGER;
ALTER TABLE passage_vectors ADD COLUMN signs_2 INTEGER;
ALTER TABLE passage_vectors ADD COLUMN signs_3 INTEGER;
ALTER TABLE passage_vectors ADD COLUMN signs_4 INTEGER;
ALTER TABLE passage_vectors ADD COLUMN signs_5 INTEGER;
ALTER TABLE passage_vectors ADD COLUMN signs_6 INTEGER;

-- All that is read of an org's vectors to find the nearest, the newest at its end.
CREATE INDEX passage_vectors_by_signs
  ON passage_vectors (org_id, model, passage_id, signs_1, signs_2, signs_3, signs_4, signs_5, signs_6);

-- It begins with the columns of this one.
DROP INDEX passage_vectors_by_org;

-- A vector that changes without its signature, as older versions write it, has none.
CREATE TRIGGER passage_vectors_changed AFTER UPDATE OF vector ON passage_vectors
WHEN new.vector IS NOT old.vector AND new.signs_1 IS old.signs_1 AND new.signs_1 IS NOT NULL BEGIN
  UPDATE passage_vectors
  SET signs_1 = NULL, signs_2 = NULL, signs_3 = NULL, signs_4 = NULL, signs_5 = NULL, signs_6 = NULL
  WHERE passage_id = new.passage_id;
END;
