-- Conversations that a person takes over, what visitors think of an answer, and what the org is to be told.

-- Conversations --------------------------------------------------------------------------------

-- Whether a person is asked for, or has taken over; counts only while the status is 'active'.
ALTER TABLE chat_sessions ADD COLUMN handoff TEXT CHECK (handoff IN ('requested', 'accepted'));
-- Since when, and why: visitor (asked on the page), message (asked in words), policy or staff.
ALTER TABLE chat_sessions ADD COLUMN handoff_at TEXT;
ALTER TABLE chat_sessions ADD COLUMN handoff_reason TEXT;
-- users.id of who has taken over, and the name that the visitor is told.
ALTER TABLE chat_sessions ADD COLUMN handoff_user_id TEXT;
ALTER TABLE chat_sessions ADD COLUMN handoff_name TEXT;
-- Who ended it: visitor, staff or idle.
ALTER TABLE chat_sessions ADD COLUMN closed_by TEXT;
-- The language that the visitor writes, as a code of two letters.
ALTER TABLE chat_sessions ADD COLUMN locale TEXT;

CREATE INDEX chat_sessions_handed_off_by_org ON chat_sessions (org_id, handoff_at, id)
  WHERE handoff IS NOT NULL AND status = 'active';
CREATE INDEX chat_sessions_handed_off_by_time ON chat_sessions (handoff_at, id)
  WHERE handoff IS NOT NULL AND status = 'active';

-- Messages -------------------------------------------------------------------------------------

-- Who wrote it, where a person answered instead of the assistant: users.id, and the name as the visitor is told.
ALTER TABLE chat_messages ADD COLUMN author_user_id TEXT;
ALTER TABLE chat_messages ADD COLUMN author_name TEXT;
-- What the visitor thinks of an answer.
ALTER TABLE chat_messages ADD COLUMN feedback TEXT CHECK (feedback IN ('up', 'down'));
ALTER TABLE chat_messages ADD COLUMN feedback_comment TEXT;
ALTER TABLE chat_messages ADD COLUMN feedback_at TEXT;

-- By the day of the answer.
ALTER TABLE metrics_daily ADD COLUMN thumbs_up INTEGER NOT NULL DEFAULT 0;
ALTER TABLE metrics_daily ADD COLUMN thumbs_down INTEGER NOT NULL DEFAULT 0;
ALTER TABLE metrics_rollup ADD COLUMN thumbs_up INTEGER NOT NULL DEFAULT 0;
ALTER TABLE metrics_rollup ADD COLUMN thumbs_down INTEGER NOT NULL DEFAULT 0;

-- Notifications --------------------------------------------------------------------------------

-- What somebody of the org should look at, once for all of its members. It holds no words of a visitor.
CREATE TABLE notifications (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  -- handoff_requested, handoff_missed (outside of office hours) or lead_captured.
  kind TEXT NOT NULL,
  -- What it is about, such as a conversation, by its id; that may be gone.
  target_type TEXT NOT NULL,
  target_id TEXT NOT NULL,
  created_at TEXT NOT NULL,
  read_at TEXT,
  -- users.id of who read it first.
  read_by TEXT
) WITHOUT ROWID;

CREATE INDEX notifications_by_org ON notifications (org_id, created_at, id);
CREATE INDEX notifications_by_time ON notifications (created_at, id);
CREATE INDEX notifications_unread_by_org ON notifications (org_id, created_at, id) WHERE read_at IS NULL;
CREATE INDEX notifications_unread_by_time ON notifications (created_at, id) WHERE read_at IS NULL;
