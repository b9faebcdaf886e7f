-- What the people of an org are told of how it stands with its subscriptions, once for all of its members. It holds ids
-- and moments, and nothing of a person.
CREATE TABLE notices (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  -- billing.past_due, billing.read_only, billing.ended, billing.recovered or billing.trial_ending.
  kind TEXT NOT NULL,
  -- Stripe's id of the subscription that it is about; NULL: all of those of the org.
  subject TEXT,
  -- What is told once of a subject: the end of a trial. NULL where the change that is told happens once by itself.
  occasion TEXT,
  details TEXT NOT NULL DEFAULT '{}',
  created_at TEXT NOT NULL,
  read_at TEXT,
  -- users.id of who read it first.
  read_by TEXT
) WITHOUT ROWID;
CREATE UNIQUE INDEX notices_once ON notices (org_id, kind, subject, occasion) WHERE occasion IS NOT NULL;
CREATE INDEX notices_by_org ON notices (org_id, created_at, id);
CREATE INDEX notices_by_time ON notices (created_at, id);
CREATE INDEX notices_unread_by_org ON notices (org_id, created_at, id) WHERE read_at IS NULL;
CREATE INDEX notices_unread_by_time ON notices (created_at, id) WHERE read_at IS NULL;

-- Where an org's notices are sent besides the addresses of its owners.
CREATE TABLE notice_settings (
  org_id TEXT PRIMARY KEY REFERENCES orgs(id) ON DELETE CASCADE,
  -- E.164, such as +14155550100.
  sms_phone TEXT,
  updated_at TEXT NOT NULL
) WITHOUT ROWID;

-- The messages that a notice is sent by: whom, not where to, and what became of it.
CREATE TABLE notice_deliveries (
  -- The notice, a hyphen and the recipient.
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  notice_id TEXT NOT NULL REFERENCES notices(id) ON DELETE CASCADE,
  channel TEXT NOT NULL CHECK (channel IN ('email', 'sms')),
  -- users.id of an owner; of a text message the org itself.
  recipient TEXT NOT NULL,
  -- sending: a provider may have it already.
  status TEXT NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'sending', 'sent', 'failed', 'skipped')),
  attempts INTEGER NOT NULL DEFAULT 0,
  first_attempt_at TEXT,
  -- When it is due, or its lease ends; NULL once it has ended.
  next_attempt_at TEXT,
  lease_id TEXT,
  -- The provider's id of the message.
  provider_id TEXT,
  -- Why it was not sent; without an address, a number or a name.
  reason TEXT,
  ended_at TEXT
) WITHOUT ROWID;
CREATE INDEX notice_deliveries_by_org ON notice_deliveries (org_id, notice_id);
CREATE INDEX notice_deliveries_by_notice ON notice_deliveries (notice_id);
CREATE INDEX notice_deliveries_due ON notice_deliveries (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX notice_deliveries_held ON notice_deliveries (lease_id) WHERE lease_id IS NOT NULL;

-- A change of standing is told in the transaction that makes it, whoever makes it.
CREATE TRIGGER notices_of_standing AFTER UPDATE OF billing_standing ON orgs
WHEN old.billing_standing IS NOT new.billing_standing
  AND (new.billing_standing IN ('grace', 'read_only')
       OR (new.billing_standing IN ('none', 'good') AND old.billing_standing <> 'unbilled'))
BEGIN
  INSERT INTO notices (id, org_id, kind, details, created_at)
  VALUES (lower(hex(randomblob(16))), new.id,
          iif(new.billing_standing = 'grace', 'billing.past_due',
              iif(new.billing_standing = 'read_only', 'billing.read_only',
                  iif(new.billing_standing = 'none', 'billing.ended', 'billing.recovered'))),
          iif(new.billing_standing = 'grace', json_object('graceEndsAt', new.grace_ends_at), '{}'),
          coalesce(new.updated_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')));
END;

-- Whom a notice is sent to: the owners, at most 20, and the org's number.
CREATE TRIGGER notices_are_sent AFTER INSERT ON notices
BEGIN
  INSERT INTO notice_deliveries (id, org_id, notice_id, channel, recipient, next_attempt_at)
  SELECT new.id || '-' || u.id, new.org_id, new.id, 'email', u.id, new.created_at
    FROM user_memberships m JOIN users u ON u.clerk_user_id = m.clerk_user_id
   WHERE m.org_id = new.org_id AND m.role = 'owner' AND u.status = 'active'
   LIMIT 20;
  INSERT INTO notice_deliveries (id, org_id, notice_id, channel, recipient, next_attempt_at)
  SELECT new.id || '-' || s.org_id, s.org_id, new.id, 'sms', s.org_id, new.created_at
    FROM notice_settings s
   WHERE s.org_id = new.org_id AND s.sms_phone IS NOT NULL;
END;
