-- Invitations, and counts that are kept as rows come and go, so that no request counts a table.

-- Counts ----------------------------------------------------------------------------------------

-- Memberships and sites of the org, and orgs of the person.
ALTER TABLE orgs ADD COLUMN member_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orgs ADD COLUMN site_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN org_count INTEGER NOT NULL DEFAULT 0;

-- One row per table whose rows are counted as a whole.
CREATE TABLE row_counts (
  name TEXT PRIMARY KEY,
  total INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

UPDATE orgs SET
  member_count = (SELECT count(*) FROM user_memberships m WHERE m.org_id = orgs.id),
  site_count = (SELECT count(*) FROM portal_sites s WHERE s.org_id = orgs.id);

UPDATE users SET
  org_count = (SELECT count(*) FROM user_memberships m WHERE m.clerk_user_id = users.clerk_user_id);

INSERT INTO row_counts (name, total) SELECT 'users', count(*) FROM users;

CREATE TRIGGER user_memberships_are_counted AFTER INSERT ON user_memberships
BEGIN
  UPDATE orgs SET member_count = member_count + 1 WHERE id = new.org_id;
  UPDATE users SET org_count = org_count + 1 WHERE clerk_user_id = new.clerk_user_id;
END;

CREATE TRIGGER user_memberships_are_discounted AFTER DELETE ON user_memberships
BEGIN
  UPDATE orgs SET member_count = member_count - 1 WHERE id = old.org_id;
  UPDATE users SET org_count = org_count - 1 WHERE clerk_user_id = old.clerk_user_id;
END;

CREATE TRIGGER user_memberships_are_recounted AFTER UPDATE OF org_id, clerk_user_id ON user_memberships
BEGIN
  UPDATE orgs SET member_count = member_count - 1 WHERE id = old.org_id;
  UPDATE users SET org_count = org_count - 1 WHERE clerk_user_id = old.clerk_user_id;
  UPDATE orgs SET member_count = member_count + 1 WHERE id = new.org_id;
  UPDATE users SET org_count = org_count + 1 WHERE clerk_user_id = new.clerk_user_id;
END;

CREATE TRIGGER portal_sites_are_counted AFTER INSERT ON portal_sites
BEGIN
  UPDATE orgs SET site_count = site_count + 1 WHERE id = new.org_id;
END;

CREATE TRIGGER portal_sites_are_discounted AFTER DELETE ON portal_sites
BEGIN
  UPDATE orgs SET site_count = site_count - 1 WHERE id = old.org_id;
END;

CREATE TRIGGER portal_sites_are_recounted AFTER UPDATE OF org_id ON portal_sites
BEGIN
  UPDATE orgs SET site_count = site_count - 1 WHERE id = old.org_id;
  UPDATE orgs SET site_count = site_count + 1 WHERE id = new.org_id;
END;

-- A membership may be there before the person signs in for the first time.
CREATE TRIGGER users_are_counted AFTER INSERT ON users
BEGIN
  UPDATE row_counts SET total = total + 1 WHERE name = 'users';
  UPDATE users SET org_count =
    (SELECT count(*) FROM user_memberships m WHERE m.clerk_user_id = new.clerk_user_id)
   WHERE id = new.id;
END;

CREATE TRIGGER users_are_discounted AFTER DELETE ON users
BEGIN
  UPDATE row_counts SET total = total - 1 WHERE name = 'users';
END;

-- Lists -----------------------------------------------------------------------------------------

-- In the order of their lists; one format of time, as the rows are compared by it.
UPDATE users SET created_at = replace(created_at, ' ', 'T') || '.000Z'
 WHERE created_at LIKE '____-__-__ __:__:__';
UPDATE users SET created_at = '1970-01-01T00:00:00.000Z' WHERE created_at IS NULL;
UPDATE orgs SET created_at = '1970-01-01T00:00:00.000Z' WHERE created_at IS NULL;
UPDATE user_memberships SET created_at = '1970-01-01T00:00:00.000Z' WHERE created_at IS NULL;

CREATE INDEX users_by_time ON users (created_at, id);
CREATE INDEX users_by_email ON users (lower(email), id) WHERE email IS NOT NULL;
CREATE INDEX orgs_by_time ON orgs (created_at, id);
CREATE INDEX user_memberships_by_org ON user_memberships (org_id, created_at, id);

-- Who must not be the last: active staff, and the owners of an org.
CREATE INDEX users_active_staff ON users (id) WHERE is_koby_staff = 1 AND status = 'active';
CREATE INDEX user_memberships_owners ON user_memberships (org_id) WHERE role = 'owner';

-- Invitations -----------------------------------------------------------------------------------

-- A seat promised to an address. Open until it is accepted, revoked, or past `expires_at`; of the link's
-- token only the SHA-256 is kept. A membership made by accepting one has its id.
CREATE TABLE invitations (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  email TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
  status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'accepted', 'revoked')),
  token_hash TEXT NOT NULL UNIQUE,
  -- Made by staff, who may go beyond the cap.
  beyond_cap INTEGER NOT NULL DEFAULT 0,
  -- users.id of who invited.
  invited_by TEXT NOT NULL,
  -- Clerk's own invitation, which sent the e-mail.
  clerk_invitation_id TEXT,
  accepted_at TEXT,
  -- users.clerk_user_id, and the batch that did it.
  accepted_by TEXT,
  acceptance_id TEXT,
  revoked_at TEXT,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL
);

CREATE INDEX invitations_by_org ON invitations (org_id, created_at, id);
CREATE INDEX invitations_by_org_and_status ON invitations (org_id, status, created_at, id);
CREATE INDEX invitations_by_time ON invitations (created_at, id);
CREATE INDEX invitations_by_status ON invitations (status, created_at, id);
CREATE INDEX invitations_open_by_org ON invitations (org_id, expires_at) WHERE status = 'open';
CREATE INDEX invitations_open_by_email ON invitations (email, org_id) WHERE status = 'open';
