-- The derived full-text index: one row per chunk of a live knowledge version. Nothing here is the
-- only copy; `cargo xtask search-rebuild` fills it anew.

CREATE TABLE passages (
  id INTEGER PRIMARY KEY,
  chunk_id TEXT NOT NULL UNIQUE,
  org_id TEXT NOT NULL,
  -- The org as one token for FTS5: 't' and 16 hex digits of SHA-256(org_id).
  tenant_key TEXT NOT NULL,
  source_id TEXT NOT NULL,
  document_id TEXT NOT NULL,
  version_id TEXT NOT NULL,
  title TEXT NOT NULL,
  content TEXT NOT NULL,
  page_label TEXT
);

CREATE INDEX passages_by_version ON passages (version_id);
CREATE INDEX passages_by_org ON passages (org_id);

CREATE VIRTUAL TABLE passages_fts USING fts5 (
  tenant_key, title, content,
  content = 'passages', content_rowid = 'id',
  tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE TRIGGER passages_inserted AFTER INSERT ON passages BEGIN
  INSERT INTO passages_fts (rowid, tenant_key, title, content)
  VALUES (new.id, new.tenant_key, new.title, new.content);
END;

CREATE TRIGGER passages_deleted AFTER DELETE ON passages BEGIN
  INSERT INTO passages_fts (passages_fts, rowid, tenant_key, title, content)
  VALUES ('delete', old.id, old.tenant_key, old.title, old.content);
END;

CREATE TRIGGER passages_updated AFTER UPDATE ON passages BEGIN
  INSERT INTO passages_fts (passages_fts, rowid, tenant_key, title, content)
  VALUES ('delete', old.id, old.tenant_key, old.title, old.content);
  INSERT INTO passages_fts (rowid, tenant_key, title, content)
  VALUES (new.id, new.tenant_key, new.title, new.content);
END;
