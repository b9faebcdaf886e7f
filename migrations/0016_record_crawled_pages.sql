-- Web sites that are sources of knowledge: how far the reading of each has come, and what is known of each page.

-- One row per source of type url that was asked to be read.
CREATE TABLE knowledge_crawls (
  source_id TEXT PRIMARY KEY REFERENCES knowledge_sources(id) ON DELETE CASCADE,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  -- Whom the requests go to: a host is asked by one reader at a time, whichever sources it serves.
  host TEXT NOT NULL,
  -- What comes next: robots.txt (begins), sitemaps (maps), pages (reads), or nothing until due_at (rests).
  phase TEXT NOT NULL DEFAULT 'begins' CHECK (phase IN ('begins', 'maps', 'reads', 'rests')),
  -- How often the site was read.
  round INTEGER NOT NULL DEFAULT 0,
  -- When there is something to do; NULL is never by itself.
  due_at TEXT,
  lease_id TEXT,
  lease_until TEXT,
  -- Requests that failed one after another.
  failures INTEGER NOT NULL DEFAULT 0,
  -- What robots.txt says to us, as JSON.
  robots TEXT,
  -- Sitemaps that are still to be read: a JSON array.
  sitemaps TEXT NOT NULL DEFAULT '[]'
);

CREATE INDEX knowledge_crawls_by_org ON knowledge_crawls (org_id);
CREATE INDEX knowledge_crawls_due ON knowledge_crawls (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX knowledge_crawls_by_host ON knowledge_crawls (host, lease_until);
CREATE INDEX knowledge_crawls_by_lease ON knowledge_crawls (lease_id) WHERE lease_id IS NOT NULL;

-- A page of a site: the frontier, and the memory from one reading to the next.
CREATE TABLE knowledge_pages (
  source_id TEXT NOT NULL REFERENCES knowledge_sources(id) ON DELETE CASCADE,
  -- Of the address.
  digest TEXT NOT NULL,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  url TEXT NOT NULL,
  -- live: it is a document; skipped: it is read and not taken in, error says why; moved: it leads to another page.
  state TEXT NOT NULL DEFAULT 'pending'
    CHECK (state IN ('pending', 'live', 'skipped', 'moved', 'gone', 'failed')),
  -- What the visit of this round found; NULL before it.
  outcome TEXT CHECK (outcome IN ('new', 'changed', 'unchanged', 'gone', 'failed', 'skipped')),
  -- The round of the last visit.
  round INTEGER NOT NULL DEFAULT 0,
  -- Links from the start page.
  depth INTEGER NOT NULL,
  -- Redirects that led here.
  hops INTEGER NOT NULL DEFAULT 0,
  etag TEXT,
  last_modified TEXT,
  -- Of the body.
  checksum TEXT,
  document_id TEXT REFERENCES knowledge_documents(id) ON DELETE SET NULL,
  fetched_at TEXT,
  -- When its body was last found to be another one, or gone.
  changed_at TEXT,
  -- When it is visited; NULL once it was in this round.
  next_at TEXT,
  -- Visits that were begun since the last that ended well.
  attempts INTEGER NOT NULL DEFAULT 0,
  -- Why it is not, or no more, taken in; for people.
  error TEXT,
  PRIMARY KEY (source_id, digest)
) WITHOUT ROWID;

CREATE INDEX knowledge_pages_by_url ON knowledge_pages (source_id, url);
CREATE INDEX knowledge_pages_due ON knowledge_pages (source_id, depth, digest) WHERE next_at IS NOT NULL;
CREATE INDEX knowledge_pages_by_document ON knowledge_pages (document_id) WHERE document_id IS NOT NULL;
CREATE INDEX knowledge_pages_by_org ON knowledge_pages (org_id);
