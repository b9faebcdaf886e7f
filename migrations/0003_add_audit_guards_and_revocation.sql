-- The audit trail becomes append-only and knows who impersonated whom; sessions can be ended.

-- Audit -----------------------------------------------------------------------------------------

-- Who acted in the name of `actor_id` (Clerk's `act.sub`), and the request that did it.
ALTER TABLE audit_logs ADD COLUMN impersonator_id TEXT;
ALTER TABLE audit_logs ADD COLUMN request_id TEXT;

CREATE INDEX audit_logs_by_time ON audit_logs (created_at, id);
-- A filter that few entries pass reads these alone, however long the trail.
CREATE INDEX audit_logs_by_org_and_event ON audit_logs (org_id, event_type, created_at, id);
CREATE INDEX audit_logs_by_org_and_actor ON audit_logs (org_id, actor_id, created_at, id);
CREATE INDEX audit_logs_by_org_and_target ON audit_logs (org_id, target_id, created_at, id);

CREATE TRIGGER audit_logs_are_not_changed BEFORE UPDATE ON audit_logs
BEGIN
  SELECT RAISE(ABORT, 'audit_logs is append-only');
END;

CREATE TRIGGER audit_logs_are_not_deleted BEFORE DELETE ON audit_logs
BEGIN
  SELECT RAISE(ABORT, 'audit_logs is append-only');
END;

-- INSERT OR REPLACE deletes what is there without asking the trigger above.
CREATE TRIGGER audit_logs_are_not_replaced BEFORE INSERT ON audit_logs
WHEN EXISTS (SELECT 1 FROM audit_logs a WHERE a.id = new.id)
BEGIN
  SELECT RAISE(ABORT, 'audit_logs is append-only');
END;

-- Revocation ------------------------------------------------------------------------------------

-- Session tokens that were issued before this moment are refused.
ALTER TABLE users ADD COLUMN sessions_revoked_at TEXT;
ALTER TABLE orgs ADD COLUMN sessions_revoked_at TEXT;
