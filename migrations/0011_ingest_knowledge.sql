-- Documents that are taken in, cut into passages and published: one live version per document, in the database's
-- own words; the text that passages are cut from; jobs that are claimed once, tried again and given up; and what
-- the index has yet to be told.

-- Versions --------------------------------------------------------------------------------------

-- The ingestion that came before took the next number without a lock, and left older versions live. Both tables
-- hold a row per document or version, so that these are short.
UPDATE knowledge_versions SET version_number = numbered.position
  FROM (SELECT id, row_number() OVER (PARTITION BY document_id ORDER BY version_number, created_at, id) AS position
          FROM knowledge_versions
         WHERE document_id IN (
           SELECT document_id FROM knowledge_versions GROUP BY document_id, version_number HAVING count(*) > 1)
       ) AS numbered
 WHERE numbered.id = knowledge_versions.id;

-- Live is the one that its document names, if that is live; else the highest number of those that are.
UPDATE knowledge_versions SET is_live = 0, stage = 'archived'
 WHERE is_live = 1
   AND id <> coalesce(
     (SELECT l.id FROM knowledge_documents d JOIN knowledge_versions l ON l.id = d.live_version_id
       WHERE d.id = knowledge_versions.document_id AND l.document_id = d.id AND l.is_live = 1),
     (SELECT l.id FROM knowledge_versions l
       WHERE l.document_id = knowledge_versions.document_id AND l.is_live = 1
       ORDER BY l.version_number DESC, l.id DESC LIMIT 1));
UPDATE knowledge_versions SET stage = 'archived' WHERE stage = 'live' AND coalesce(is_live, 0) <> 1;
UPDATE knowledge_versions SET stage = 'live' WHERE is_live = 1 AND coalesce(stage, '') <> 'live';
UPDATE knowledge_documents SET live_version_id =
    (SELECT l.id FROM knowledge_versions l WHERE l.document_id = knowledge_documents.id AND l.is_live = 1)
 WHERE coalesce(live_version_id, '') <> coalesce(
    (SELECT l.id FROM knowledge_versions l WHERE l.document_id = knowledge_documents.id AND l.is_live = 1), '');

CREATE UNIQUE INDEX knowledge_versions_one_live ON knowledge_versions (document_id) WHERE is_live = 1;
CREATE UNIQUE INDEX knowledge_versions_numbered ON knowledge_versions (document_id, version_number);

-- The text of a version as it was read from its file, in parts of at most 1 MB: passages are cut anew from it
-- without another upload. The file itself is not kept.
CREATE TABLE knowledge_contents (
  version_id TEXT NOT NULL REFERENCES knowledge_versions(id) ON DELETE CASCADE,
  part INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (version_id, part)
);

-- Documents -------------------------------------------------------------------------------------

-- The name of a document in its source, once per source. external_id says the same, but older rows may repeat it.
ALTER TABLE knowledge_documents ADD COLUMN external_key TEXT;
UPDATE knowledge_documents SET external_key = external_id
 WHERE external_id <> ''
   AND id = (SELECT min(o.id) FROM knowledge_documents o
              WHERE o.source_id = knowledge_documents.source_id AND o.external_id = knowledge_documents.external_id);
CREATE UNIQUE INDEX knowledge_documents_by_external_key ON knowledge_documents (source_id, external_key)
  WHERE external_key IS NOT NULL;
CREATE INDEX knowledge_documents_by_source ON knowledge_documents (source_id, id);

-- The version that is being published, from the moment that it is asked for until the index holds it.
ALTER TABLE knowledge_documents ADD COLUMN publishing_version_id TEXT;
-- Grows with each change that the index must hear of (a version, the title, the archive), so that the older of
-- two writers changes nothing there.
ALTER TABLE knowledge_documents ADD COLUMN index_seq INTEGER NOT NULL DEFAULT 0;
-- When the index is to be told; NULL once it was.
ALTER TABLE knowledge_documents ADD COLUMN index_due_at TEXT;
CREATE INDEX knowledge_documents_index_due ON knowledge_documents (index_due_at) WHERE index_due_at IS NOT NULL;

-- Documents that are gone, however they went, until the index has forgotten them.
CREATE TABLE knowledge_removals (
  org_id TEXT NOT NULL,
  document_id TEXT NOT NULL,
  due_at TEXT NOT NULL,
  -- 1 once it was told, and only what keeps late writers away is left to go.
  is_told INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (org_id, document_id)
) WITHOUT ROWID;
CREATE INDEX knowledge_removals_due ON knowledge_removals (due_at);

CREATE TRIGGER knowledge_document_deleted AFTER DELETE ON knowledge_documents BEGIN
  INSERT INTO knowledge_removals (org_id, document_id, due_at) VALUES (old.org_id, old.id, '')
  ON CONFLICT (org_id, document_id) DO UPDATE SET due_at = '', is_told = 0;
END;

-- Sources ---------------------------------------------------------------------------------------

-- Since when a source is being deleted: with all its documents that takes a while.
ALTER TABLE knowledge_sources ADD COLUMN removed_at TEXT;
CREATE INDEX knowledge_sources_removed ON knowledge_sources (removed_at) WHERE removed_at IS NOT NULL;

-- Jobs ------------------------------------------------------------------------------------------

ALTER TABLE knowledge_ingestion_jobs ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
-- The run that holds it.
ALTER TABLE knowledge_ingestion_jobs ADD COLUMN lease_id TEXT;
-- When it may be taken: the next attempt of one that waits, the end of the lease of one that is held.
ALTER TABLE knowledge_ingestion_jobs ADD COLUMN next_attempt_at TEXT;
-- Whether its version goes live once it is ready.
ALTER TABLE knowledge_ingestion_jobs ADD COLUMN publishes INTEGER NOT NULL DEFAULT 1;
CREATE INDEX knowledge_ingestion_jobs_due ON knowledge_ingestion_jobs (type, coalesce(next_attempt_at, ''), id)
  WHERE status IN ('pending', 'processing');

-- What a deletion looks for in the rows that refer to what goes.
CREATE INDEX knowledge_ingestion_jobs_by_source ON knowledge_ingestion_jobs (source_id, type, status);
CREATE INDEX knowledge_ingestion_jobs_by_document ON knowledge_ingestion_jobs (document_id);
CREATE INDEX knowledge_ingestion_jobs_by_version ON knowledge_ingestion_jobs (version_id);
CREATE INDEX knowledge_documents_by_live_version ON knowledge_documents (live_version_id);
CREATE INDEX knowledge_embeddings_by_chunk ON knowledge_embeddings (chunk_id);
