-- The derived full-text index of what was said: one row per message of DB. Nothing here is the only
-- copy; the feed keeps it current and `cargo xtask search-rebuild` fills it anew.

CREATE TABLE messages (
  -- Grows with time, so that the newest matches are read first.
  id INTEGER PRIMARY KEY,
  message_id TEXT NOT NULL UNIQUE,
  session_id TEXT NOT NULL,
  org_id TEXT NOT NULL,
  -- The org as one token for FTS5: 't' and 16 hex digits of SHA-256(org_id).
  tenant_key TEXT NOT NULL,
  content TEXT NOT NULL
);

CREATE INDEX messages_by_session ON messages (session_id);
CREATE INDEX messages_by_org ON messages (org_id);

CREATE VIRTUAL TABLE messages_fts USING fts5 (
  tenant_key, content,
  content = 'messages', content_rowid = 'id',
  tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE TRIGGER messages_inserted AFTER INSERT ON messages BEGIN
  INSERT INTO messages_fts (rowid, tenant_key, content)
  VALUES (new.id, new.tenant_key, new.content);
END;

CREATE TRIGGER messages_deleted AFTER DELETE ON messages BEGIN
  INSERT INTO messages_fts (messages_fts, rowid, tenant_key, content)
  VALUES ('delete', old.id, old.tenant_key, old.content);
END;

CREATE TRIGGER messages_updated AFTER UPDATE ON messages BEGIN
  INSERT INTO messages_fts (messages_fts, rowid, tenant_key, content)
  VALUES ('delete', old.id, old.tenant_key, old.content);
  INSERT INTO messages_fts (rowid, tenant_key, content)
  VALUES (new.id, new.tenant_key, new.content);
END;

-- How far the index has come with the changes of DB: `seq` of the last. A feed that read an older state
-- than the one that wrote before it writes nothing.
CREATE TABLE feeds (
  name TEXT PRIMARY KEY,
  seq INTEGER NOT NULL
);

INSERT INTO feeds (name, seq) VALUES ('messages', 0);
