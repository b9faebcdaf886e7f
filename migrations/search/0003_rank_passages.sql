-- What passages are ranked by: headings beside titles and text, spellings, and vectors.

-- The text without vowels and doubled consonants: what most misspellings of a word have in common with it.
-- `knowledge::words::skeleton` does the same to the words of a question.
ALTER TABLE passages ADD COLUMN skeleton TEXT GENERATED ALWAYS AS (
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
    lower(title || ' ' || coalesce(page_label, '') || ' ' || content)
    , 'a', ''), 'e', ''), 'i', ''), 'o', ''), 'u', ''), 'á', ''), 'é', ''), 'í', '')
    , 'ó', ''), 'ú', ''), 'ü', ''), 'Á', ''), 'É', ''), 'Í', ''), 'Ó', ''), 'Ú', '')
    , 'Ü', ''), 'bb', 'b'), 'cc', 'c'), 'dd', 'd'), 'ff', 'f'), 'gg', 'g'), 'jj', 'j'), 'kk', 'k')
    , 'll', 'l'), 'mm', 'm'), 'nn', 'n'), 'pp', 'p'), 'rr', 'r'), 'ss', 's'), 'tt', 't'), 'vv', 'v')
    , 'zz', 'z')
) VIRTUAL;

-- Takes the place of passages_fts, which the version that is deployed before this one reads.
CREATE VIRTUAL TABLE passages_words USING fts5 (
  tenant_key, title, page_label, content, skeleton,
  content = 'passages', content_rowid = 'id',
  tokenize = 'porter unicode61 remove_diacritics 2'
);

INSERT INTO passages_words (passages_words) VALUES ('rebuild');

CREATE TRIGGER passages_words_inserted AFTER INSERT ON passages BEGIN
  INSERT INTO passages_words (rowid, tenant_key, title, page_label, content, skeleton)
  VALUES (new.id, new.tenant_key, new.title, new.page_label, new.content, new.skeleton);
END;

CREATE TRIGGER passages_words_deleted AFTER DELETE ON passages BEGIN
  INSERT INTO passages_words (passages_words, rowid, tenant_key, title, page_label, content, skeleton)
  VALUES ('delete', old.id, old.tenant_key, old.title, old.page_label, old.content, old.skeleton);
END;

CREATE TRIGGER passages_words_updated AFTER UPDATE ON passages BEGIN
  INSERT INTO passages_words (passages_words, rowid, tenant_key, title, page_label, content, skeleton)
  VALUES ('delete', old.id, old.tenant_key, old.title, old.page_label, old.content, old.skeleton);
  INSERT INTO passages_words (rowid, tenant_key, title, page_label, content, skeleton)
  VALUES (new.id, new.tenant_key, new.title, new.page_label, new.content, new.skeleton);
  UPDATE passage_vectors SET model = '', vector = '' WHERE passage_id = old.id AND old.content IS NOT new.content;
END;

-- What a model makes of a passage: numbers from -127 to 127, one byte each, in Base64. Compared with a question only
-- if the same model made both; empty where the text has changed since.
CREATE TABLE passage_vectors (
  passage_id INTEGER PRIMARY KEY REFERENCES passages(id) ON DELETE CASCADE,
  org_id TEXT NOT NULL,
  model TEXT NOT NULL,
  vector TEXT NOT NULL
);

CREATE INDEX passage_vectors_by_org ON passage_vectors (org_id, model);

-- The documents and versions that an org has passages of, one after another.
CREATE INDEX passages_by_document ON passages (org_id, document_id, version_id);
