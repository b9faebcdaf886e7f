-- What an org may keep as knowledge, and what keeps one org's work from holding up that of others.

-- Jobs ------------------------------------------------------------------------------------------

-- When the run that holds a job began: of one that is lost, that is told.
ALTER TABLE jobs ADD COLUMN taken_at TEXT;

-- Whose work is waiting: orgs take turns.
CREATE INDEX knowledge_ingestion_jobs_due_by_org
  ON knowledge_ingestion_jobs (type, org_id, coalesce(next_attempt_at, ''), id) WHERE status IN ('pending', 'processing');

-- Types of jobs that nobody does any longer.
UPDATE knowledge_ingestion_jobs
   SET status = 'failed', error_message = 'This kind of work is no longer done; upload the document again.'
 WHERE type IN ('embed', 'sync', 'ingest_source') AND status IN ('pending', 'processing');

-- What an org keeps ------------------------------------------------------------------------------

-- Bytes of the text that is kept of a version, and since when none is: of a document only the newest keep theirs.
ALTER TABLE knowledge_versions ADD COLUMN stored_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE knowledge_versions ADD COLUMN emptied_at TEXT;
UPDATE knowledge_versions SET stored_bytes =
    (SELECT sum(length(CAST(c.text AS BLOB))) FROM knowledge_contents c WHERE c.version_id = knowledge_versions.id)
 WHERE id IN (SELECT version_id FROM knowledge_contents);

-- What a plan includes; NULL is no limit.
ALTER TABLE plan_limits ADD COLUMN knowledge_sources INTEGER;
ALTER TABLE plan_limits ADD COLUMN knowledge_documents INTEGER;
ALTER TABLE plan_limits ADD COLUMN knowledge_bytes INTEGER;
UPDATE plan_limits SET knowledge_sources = 20, knowledge_documents = 2000, knowledge_bytes = 100000000
 WHERE plan IN ('chatbot', 'phone');
UPDATE plan_limits SET knowledge_sources = 50, knowledge_documents = 5000, knowledge_bytes = 300000000
 WHERE plan = 'bundle';
UPDATE plan_limits SET knowledge_sources = 200, knowledge_documents = 20000, knowledge_bytes = 1000000000
 WHERE plan = 'enterprise';

-- What an org has of it, kept by the triggers below. A source that is being deleted is not counted.
CREATE TABLE knowledge_usage (
  org_id TEXT PRIMARY KEY REFERENCES orgs(id) ON DELETE CASCADE,
  sources INTEGER NOT NULL DEFAULT 0,
  documents INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

INSERT INTO knowledge_usage (org_id, sources, documents, bytes)
SELECT o.id, (SELECT count(*) FROM knowledge_sources k WHERE k.org_id = o.id AND k.removed_at IS NULL),
       (SELECT count(*) FROM knowledge_documents d WHERE d.org_id = o.id),
       (SELECT coalesce(sum(v.stored_bytes), 0) FROM knowledge_versions v WHERE v.org_id = o.id)
  FROM orgs o;

CREATE TRIGGER knowledge_source_counted AFTER INSERT ON knowledge_sources WHEN new.removed_at IS NULL BEGIN
  INSERT INTO knowledge_usage (org_id, sources) VALUES (new.org_id, 1)
  ON CONFLICT (org_id) DO UPDATE SET sources = sources + 1;
END;
CREATE TRIGGER knowledge_source_removed AFTER UPDATE OF removed_at ON knowledge_sources
WHEN old.removed_at IS NULL AND new.removed_at IS NOT NULL BEGIN
  UPDATE knowledge_usage SET sources = sources - 1 WHERE org_id = old.org_id;
END;
CREATE TRIGGER knowledge_source_uncounted AFTER DELETE ON knowledge_sources WHEN old.removed_at IS NULL BEGIN
  UPDATE knowledge_usage SET sources = sources - 1 WHERE org_id = old.org_id;
END;
CREATE TRIGGER knowledge_document_counted AFTER INSERT ON knowledge_documents BEGIN
  INSERT INTO knowledge_usage (org_id, documents) VALUES (new.org_id, 1)
  ON CONFLICT (org_id) DO UPDATE SET documents = documents + 1;
END;
CREATE TRIGGER knowledge_document_uncounted AFTER DELETE ON knowledge_documents BEGIN
  UPDATE knowledge_usage SET documents = documents - 1 WHERE org_id = old.org_id;
END;
CREATE TRIGGER knowledge_version_counted AFTER INSERT ON knowledge_versions WHEN new.stored_bytes > 0 BEGIN
  INSERT INTO knowledge_usage (org_id, bytes) VALUES (new.org_id, new.stored_bytes)
  ON CONFLICT (org_id) DO UPDATE SET bytes = bytes + new.stored_bytes;
END;
CREATE TRIGGER knowledge_version_emptied AFTER UPDATE OF stored_bytes ON knowledge_versions
WHEN old.stored_bytes <> new.stored_bytes BEGIN
  UPDATE knowledge_usage SET bytes = bytes + new.stored_bytes - old.stored_bytes WHERE org_id = old.org_id;
END;
CREATE TRIGGER knowledge_version_uncounted AFTER DELETE ON knowledge_versions WHEN old.stored_bytes > 0 BEGIN
  UPDATE knowledge_usage SET bytes = bytes - old.stored_bytes WHERE org_id = old.org_id;
END;

-- Sources of an org that are being deleted: nothing of them is quoted.
CREATE INDEX knowledge_sources_removed_by_org ON knowledge_sources (org_id) WHERE removed_at IS NOT NULL;

-- Web sites --------------------------------------------------------------------------------------

-- When a crawl was taken last: orgs take turns.
ALTER TABLE knowledge_crawls ADD COLUMN claimed_at TEXT;
CREATE INDEX knowledge_crawls_by_org_claim ON knowledge_crawls (org_id, claimed_at);
-- Pages that a round found and had no room for, at least so many.
ALTER TABLE knowledge_crawls ADD COLUMN left_out INTEGER NOT NULL DEFAULT 0;
-- Who archived a document: crawl, or NULL for a person, whose word a page that is back does not undo.
ALTER TABLE knowledge_documents ADD COLUMN archived_by TEXT;
UPDATE knowledge_documents SET archived_by = 'crawl'
 WHERE status = 'archived'
   AND id IN (SELECT p.document_id FROM knowledge_pages p WHERE p.state IN ('gone', 'skipped', 'moved'));
