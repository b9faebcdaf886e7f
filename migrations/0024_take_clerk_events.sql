-- Clerk's events: a receipt of each, what orders the snapshots of an object, and the sessions that ended. A receipt holds
-- ids, roles and flags alone, neither names nor addresses.
CREATE TABLE clerk_events (
  id TEXT PRIMARY KEY,
  -- The same for all deliveries of one event.
  svix_id TEXT NOT NULL UNIQUE,
  event_type TEXT NOT NULL,
  object_type TEXT,
  object_id TEXT,
  org_id TEXT REFERENCES orgs(id) ON DELETE SET NULL,
  status TEXT NOT NULL CHECK (status IN ('processed', 'skipped', 'failed')),
  -- Why it was skipped, or failed.
  reason TEXT,
  payload JSON NOT NULL,
  -- When it happened at Clerk.
  happened_at TEXT NOT NULL,
  received_at TEXT NOT NULL,
  processed_at TEXT NOT NULL,
  -- The delivery that claimed it last: each statement of a delivery's batch asks for it.
  delivery_id TEXT,
  attempts INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX clerk_events_by_org ON clerk_events (org_id, received_at);
CREATE INDEX clerk_events_by_time ON clerk_events (received_at);
CREATE INDEX clerk_events_failed ON clerk_events (received_at) WHERE status = 'failed';

-- The newest state of each user, organization and membership of Clerk's that was applied, in milliseconds.
CREATE TABLE clerk_snapshots (
  object_id TEXT PRIMARY KEY,
  updated_ms INTEGER NOT NULL,
  event_ms INTEGER NOT NULL,
  -- Nothing comes after a deletion.
  deleted_at TEXT
) WITHOUT ROWID;

-- Sessions whose tokens are refused, for as long as a token could live.
CREATE TABLE ended_sessions (
  session_id TEXT PRIMARY KEY,
  expires_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX ended_sessions_by_expiry ON ended_sessions (expires_at);

-- Whether it was Clerk who suspended the person, and so may undo it.
ALTER TABLE users ADD COLUMN clerk_suspended INTEGER NOT NULL DEFAULT 0 CHECK (clerk_suspended IN (0, 1));
-- Clerk's id of the membership, where it is one of Clerk's.
ALTER TABLE user_memberships ADD COLUMN clerk_membership_id TEXT;

-- What names a person, to be found when they are forgotten.
CREATE INDEX invitations_by_clerk_id ON invitations (clerk_invitation_id) WHERE clerk_invitation_id IS NOT NULL;
CREATE INDEX invitations_closed_by_email ON invitations (email) WHERE status <> 'open';
CREATE INDEX invitations_by_acceptor ON invitations (accepted_by) WHERE accepted_by IS NOT NULL;
CREATE INDEX invitations_open_by_inviter ON invitations (invited_by) WHERE status = 'open';
CREATE INDEX chat_messages_by_author ON chat_messages (author_user_id) WHERE author_user_id IS NOT NULL;
CREATE INDEX chat_sessions_by_handler ON chat_sessions (handoff_user_id) WHERE handoff_user_id IS NOT NULL;
