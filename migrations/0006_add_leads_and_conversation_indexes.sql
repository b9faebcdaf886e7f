-- Conversations get the indexes of their lists, visitors' contact details a table of their own, and the
-- full-text index of messages a queue to learn from.

-- Conversations ---------------------------------------------------------------------------------

-- Whether a lead came out of the session; kept by the triggers on leads below.
ALTER TABLE chat_sessions ADD COLUMN has_lead INTEGER NOT NULL DEFAULT 0;

-- The start of what the visitor said first, so that a list reads one row for each session. Empty once the
-- visitor was made unknown.
ALTER TABLE chat_sessions ADD COLUMN preview TEXT;

-- What the columns allow and no list can place.
UPDATE chat_sessions SET started_at = coalesce(
         (SELECT min(m.created_at) FROM chat_messages m WHERE m.session_id = chat_sessions.id),
         last_message_at, ended_at, '1970-01-01T00:00:00.000Z')
 WHERE started_at IS NULL;
UPDATE chat_sessions SET status = 'active' WHERE status IS NULL;
UPDATE chat_sessions SET message_count = 0 WHERE message_count IS NULL;

-- One index per way to list sessions, newest started first: of an org, of a site, each with a status.
CREATE INDEX chat_sessions_by_org ON chat_sessions (org_id, started_at, id);
CREATE INDEX chat_sessions_by_org_status ON chat_sessions (org_id, status, started_at, id);
CREATE INDEX chat_sessions_by_site ON chat_sessions (site_id, started_at, id);
CREATE INDEX chat_sessions_by_site_status ON chat_sessions (site_id, status, started_at, id);
CREATE INDEX chat_sessions_of_visitor ON chat_sessions (org_id, visitor_id, started_at, id)
  WHERE visitor_id IS NOT NULL;
-- For the view of all orgs.
CREATE INDEX chat_sessions_by_time ON chat_sessions (started_at, id);
CREATE INDEX chat_sessions_by_visitor_time ON chat_sessions (visitor_id, started_at, id)
  WHERE visitor_id IS NOT NULL;
-- The few sessions that brought a lead.
CREATE INDEX chat_sessions_with_lead_by_org ON chat_sessions (org_id, started_at, id)
  WHERE has_lead = 1;
CREATE INDEX chat_sessions_with_lead_by_org_status ON chat_sessions (org_id, status, started_at, id)
  WHERE has_lead = 1;
CREATE INDEX chat_sessions_with_lead_by_site ON chat_sessions (site_id, started_at, id)
  WHERE has_lead = 1;
CREATE INDEX chat_sessions_with_lead_by_site_status ON chat_sessions (site_id, status, started_at, id)
  WHERE has_lead = 1;
CREATE INDEX chat_sessions_with_lead_by_time ON chat_sessions (started_at, id)
  WHERE has_lead = 1;

-- A session's messages in the order of their page key.
CREATE INDEX chat_messages_by_session_time ON chat_messages (session_id, created_at, id);

UPDATE chat_sessions SET preview = (
  SELECT substr(m.content, 1, 160) FROM chat_messages m
   WHERE m.session_id = chat_sessions.id AND +m.org_id = chat_sessions.org_id AND m.role = 'user'
   ORDER BY m.created_at, m.id LIMIT 1);

-- Leads -----------------------------------------------------------------------------------------

-- One row is one person who left a way to be reached. It outlives its conversation.
CREATE TABLE leads (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  site_id TEXT NOT NULL REFERENCES portal_sites(id) ON DELETE CASCADE,
  session_id TEXT REFERENCES chat_sessions(id) ON DELETE SET NULL,
  visitor_id TEXT,
  name TEXT,
  email TEXT,
  phone TEXT,
  company TEXT,
  message TEXT,
  status TEXT NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'contacted', 'qualified', 'won', 'lost')),
  notes TEXT,
  assigned_to TEXT REFERENCES users(id) ON DELETE SET NULL,
  -- Where it came from, such as chat, voice or form.
  source TEXT NOT NULL DEFAULT 'chat',
  -- The words that the person agreed to.
  consent_text TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  -- When the personal fields were emptied for good.
  anonymized_at TEXT
);

CREATE INDEX leads_by_org ON leads (org_id, created_at, id);
CREATE INDEX leads_by_org_status ON leads (org_id, status, created_at, id);
CREATE INDEX leads_by_site ON leads (site_id, created_at, id);
CREATE INDEX leads_by_site_status ON leads (site_id, status, created_at, id);
CREATE INDEX leads_by_visitor ON leads (org_id, visitor_id) WHERE visitor_id IS NOT NULL;
CREATE INDEX leads_by_session ON leads (session_id, created_at, id) WHERE session_id IS NOT NULL;
-- For the view of all orgs.
CREATE INDEX leads_by_time ON leads (created_at, id);
-- SQLite looks through the children of a parent key that it writes.
CREATE INDEX leads_by_assignee ON leads (assigned_to) WHERE assigned_to IS NOT NULL;

CREATE TRIGGER leads_mark_their_session AFTER INSERT ON leads WHEN new.session_id IS NOT NULL
BEGIN
  UPDATE chat_sessions SET has_lead = 1 WHERE id = new.session_id AND org_id = new.org_id;
END;

CREATE TRIGGER leads_unmark_their_session AFTER DELETE ON leads WHEN old.session_id IS NOT NULL
BEGIN
  UPDATE chat_sessions SET has_lead = 0
   WHERE id = old.session_id AND org_id = old.org_id
     AND NOT EXISTS (SELECT 1 FROM leads l WHERE l.session_id = old.session_id);
END;

-- Search ----------------------------------------------------------------------------------------

-- Messages that the full-text index has yet to look at again: new, changed or gone. Written by the
-- triggers below in the transaction of the change, read in order and emptied by the feed. AUTOINCREMENT,
-- so that a number that was read is never given to another change.
CREATE TABLE search_changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id TEXT NOT NULL,
  message_id TEXT NOT NULL
);

CREATE TRIGGER chat_messages_inserted AFTER INSERT ON chat_messages
BEGIN
  INSERT INTO search_changes (org_id, message_id) VALUES (new.org_id, new.id);
END;

CREATE TRIGGER chat_messages_changed AFTER UPDATE OF content ON chat_messages
BEGIN
  INSERT INTO search_changes (org_id, message_id) VALUES (new.org_id, new.id);
END;

CREATE TRIGGER chat_messages_deleted AFTER DELETE ON chat_messages
BEGIN
  INSERT INTO search_changes (org_id, message_id) VALUES (old.org_id, old.id);
END;
