-- What the full-text index is compared with, and rebuilt from, org by org.

-- Documents of an org of which the index has yet to be told: answers ask for them each time.
CREATE INDEX knowledge_documents_due_by_org ON knowledge_documents (org_id, index_due_at)
  WHERE index_due_at IS NOT NULL;
-- The documents of an org, one after another.
CREATE INDEX knowledge_documents_by_org_id ON knowledge_documents (org_id, id);

-- Orgs whose part of the index is to be written anew, and how far that has come: 'd' and the last document that the
-- index is to be told of again, then 'p' and the last document that was looked for among the passages.
CREATE TABLE knowledge_reindexes (
  org_id TEXT PRIMARY KEY REFERENCES orgs(id) ON DELETE CASCADE,
  requested_at TEXT NOT NULL,
  cursor TEXT NOT NULL DEFAULT 'd'
) WITHOUT ROWID;

CREATE INDEX knowledge_reindexes_by_time ON knowledge_reindexes (requested_at);
