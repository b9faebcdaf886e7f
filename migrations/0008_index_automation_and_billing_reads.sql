-- Indexes along which the lists of flows, actions, integrations, outcomes, usage and knowledge are read
-- page by page, for one org and for all; sums of outcomes and of usage, kept by triggers.

-- Timestamps ------------------------------------------------------------------------------------

-- These lists are in the order of a column that may hold both formats, of which a text comparison makes
-- a wrong order within a day. The tables are small; the large ones keep both formats.
UPDATE flows SET updated_at = replace(updated_at, ' ', 'T') || '.000Z'
 WHERE updated_at LIKE '____-__-__ __:__:__';
UPDATE flows SET created_at = replace(created_at, ' ', 'T') || '.000Z'
 WHERE created_at LIKE '____-__-__ __:__:__';
UPDATE flow_steps SET created_at = replace(created_at, ' ', 'T') || '.000Z'
 WHERE created_at LIKE '____-__-__ __:__:__';
UPDATE flow_rules SET created_at = replace(created_at, ' ', 'T') || '.000Z'
 WHERE created_at LIKE '____-__-__ __:__:__';
UPDATE action_definitions SET created_at = replace(created_at, ' ', 'T') || '.000Z'
 WHERE created_at LIKE '____-__-__ __:__:__';
UPDATE action_definitions SET updated_at = replace(updated_at, ' ', 'T') || '.000Z'
 WHERE updated_at LIKE '____-__-__ __:__:__';
UPDATE integration_connections SET updated_at = replace(updated_at, ' ', 'T') || '.000Z'
 WHERE updated_at LIKE '____-__-__ __:__:__';
UPDATE integration_connections SET created_at = replace(created_at, ' ', 'T') || '.000Z'
 WHERE created_at LIKE '____-__-__ __:__:__';
UPDATE knowledge_sources SET updated_at = replace(updated_at, ' ', 'T') || '.000Z'
 WHERE updated_at LIKE '____-__-__ __:__:__';
UPDATE knowledge_documents SET updated_at = replace(updated_at, ' ', 'T') || '.000Z'
 WHERE updated_at LIKE '____-__-__ __:__:__';
UPDATE knowledge_policies SET updated_at = replace(updated_at, ' ', 'T') || '.000Z'
 WHERE updated_at LIKE '____-__-__ __:__:__';
UPDATE knowledge_ingestion_jobs SET updated_at = replace(updated_at, ' ', 'T') || '.000Z'
 WHERE updated_at LIKE '____-__-__ __:__:__';

-- Flows -----------------------------------------------------------------------------------------

CREATE INDEX flows_by_org ON flows (org_id, updated_at, id);
CREATE INDEX flows_by_time ON flows (updated_at, id);
CREATE INDEX flow_steps_by_flow ON flow_steps (flow_id, created_at, id);
CREATE INDEX flow_rules_by_flow ON flow_rules (flow_id, created_at, id);
CREATE INDEX flow_runs_by_org ON flow_runs (org_id, started_at, id);
CREATE INDEX flow_runs_by_time ON flow_runs (started_at, id);

-- Actions ---------------------------------------------------------------------------------------

CREATE INDEX action_definitions_by_org ON action_definitions (org_id, created_at, id);
CREATE INDEX action_definitions_by_time ON action_definitions (created_at, id);
CREATE INDEX action_runs_by_org ON action_runs (org_id, created_at, id);
CREATE INDEX action_runs_by_org_status ON action_runs (org_id, status, created_at, id);
CREATE INDEX action_runs_by_action ON action_runs (action_id, created_at, id);
CREATE INDEX action_runs_by_status ON action_runs (status, created_at, id);
CREATE INDEX action_runs_by_time ON action_runs (created_at, id);

-- Integrations ----------------------------------------------------------------------------------

CREATE INDEX integration_connections_by_org ON integration_connections (org_id, updated_at, id);
CREATE INDEX integration_connections_by_time ON integration_connections (updated_at, id);

-- Knowledge -------------------------------------------------------------------------------------

CREATE INDEX knowledge_sources_by_org ON knowledge_sources (org_id, updated_at, id);
CREATE INDEX knowledge_sources_by_time ON knowledge_sources (updated_at, id);
CREATE INDEX knowledge_documents_by_org ON knowledge_documents (org_id, updated_at, id);
CREATE INDEX knowledge_documents_by_time ON knowledge_documents (updated_at, id);
CREATE INDEX knowledge_policies_by_org ON knowledge_policies (org_id, updated_at, id);
CREATE INDEX knowledge_policies_by_time ON knowledge_policies (updated_at, id);
CREATE INDEX knowledge_policies_by_org_name ON knowledge_policies (org_id, name, id);
CREATE INDEX knowledge_policies_by_name ON knowledge_policies (name, id);
CREATE INDEX knowledge_ingestion_jobs_by_org ON knowledge_ingestion_jobs (org_id, updated_at, id);
CREATE INDEX knowledge_ingestion_jobs_by_time ON knowledge_ingestion_jobs (updated_at, id);
CREATE INDEX knowledge_versions_by_document ON knowledge_versions (document_id, version_number, id);
-- The place of a chunk in its version: pages in the order of their labels as text, no page first.
ALTER TABLE knowledge_chunks ADD COLUMN page TEXT GENERATED ALWAYS AS (coalesce(page_label, '')) VIRTUAL;
CREATE INDEX knowledge_chunks_by_page ON knowledge_chunks (version_id, page, id);

-- Outcomes --------------------------------------------------------------------------------------

-- The feed of events reads along these two as well, whichever migration makes them first.
CREATE INDEX IF NOT EXISTS outcome_events_by_org_time ON outcome_events (org_id, recorded_at, id);
CREATE INDEX IF NOT EXISTS outcome_events_by_time ON outcome_events (recorded_at, id);
CREATE INDEX outcome_events_by_org_outcome ON outcome_events (org_id, outcome_type, recorded_at, id);
CREATE INDEX outcome_events_by_outcome ON outcome_events (outcome_type, recorded_at, id);

-- What an org achieved, and all orgs together (`*`): per day, and ever. An outcome is never changed once
-- it is recorded; one that retention removes still counts.
CREATE TABLE outcomes_daily (
  scope_id TEXT NOT NULL,
  date TEXT NOT NULL,
  outcome_type TEXT NOT NULL,
  currency TEXT NOT NULL,
  outcomes INTEGER NOT NULL DEFAULT 0,
  amount_cents INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (scope_id, date, outcome_type, currency)
) WITHOUT ROWID;

CREATE TABLE outcomes_ever (
  scope_id TEXT NOT NULL,
  outcome_type TEXT NOT NULL,
  currency TEXT NOT NULL,
  outcomes INTEGER NOT NULL DEFAULT 0,
  amount_cents INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (scope_id, outcome_type, currency)
) WITHOUT ROWID;

INSERT INTO outcomes_daily (scope_id, date, outcome_type, currency, outcomes, amount_cents)
SELECT org_id, coalesce(substr(recorded_at, 1, 10), ''), outcome_type, upper(coalesce(currency, 'USD')),
       count(*), sum(coalesce(amount_cents, 0))
  FROM outcome_events GROUP BY 1, 2, 3, 4;

INSERT INTO outcomes_daily (scope_id, date, outcome_type, currency, outcomes, amount_cents)
SELECT '*', date, outcome_type, currency, sum(outcomes), sum(amount_cents)
  FROM outcomes_daily GROUP BY 2, 3, 4;

INSERT INTO outcomes_ever (scope_id, outcome_type, currency, outcomes, amount_cents)
SELECT scope_id, outcome_type, currency, sum(outcomes), sum(amount_cents)
  FROM outcomes_daily GROUP BY 1, 2, 3;

CREATE TRIGGER outcome_events_are_summed AFTER INSERT ON outcome_events
BEGIN
  INSERT INTO outcomes_daily (scope_id, date, outcome_type, currency, outcomes, amount_cents)
  VALUES (NEW.org_id, coalesce(substr(NEW.recorded_at, 1, 10), ''), NEW.outcome_type,
          upper(coalesce(NEW.currency, 'USD')), 1, coalesce(NEW.amount_cents, 0)),
         ('*', coalesce(substr(NEW.recorded_at, 1, 10), ''), NEW.outcome_type,
          upper(coalesce(NEW.currency, 'USD')), 1, coalesce(NEW.amount_cents, 0))
  ON CONFLICT (scope_id, date, outcome_type, currency) DO UPDATE SET
    outcomes = outcomes + 1, amount_cents = amount_cents + excluded.amount_cents;
  INSERT INTO outcomes_ever (scope_id, outcome_type, currency, outcomes, amount_cents)
  VALUES (NEW.org_id, NEW.outcome_type, upper(coalesce(NEW.currency, 'USD')), 1,
          coalesce(NEW.amount_cents, 0)),
         ('*', NEW.outcome_type, upper(coalesce(NEW.currency, 'USD')), 1,
          coalesce(NEW.amount_cents, 0))
  ON CONFLICT (scope_id, outcome_type, currency) DO UPDATE SET
    outcomes = outcomes + 1, amount_cents = amount_cents + excluded.amount_cents;
END;

-- The sums rest on it.
CREATE TRIGGER outcome_events_stay_as_recorded
BEFORE UPDATE OF amount_cents, currency, outcome_type, recorded_at, org_id ON outcome_events
WHEN new.amount_cents IS NOT old.amount_cents OR new.currency IS NOT old.currency
  OR new.outcome_type IS NOT old.outcome_type OR new.recorded_at IS NOT old.recorded_at
  OR new.org_id IS NOT old.org_id
BEGIN
  SELECT RAISE(ABORT, 'an outcome is not changed once it is recorded');
END;

-- Billing ---------------------------------------------------------------------------------------

CREATE INDEX billing_records_by_org ON billing_records (org_id, period_start, id);
CREATE INDEX billing_records_by_time ON billing_records (period_start, id);
CREATE INDEX billing_subscriptions_by_org ON billing_subscriptions (org_id, created_at, id);
CREATE INDEX billing_invoices_by_org ON billing_invoices (org_id, created_at, id);

-- Usage of all orgs together. One org has a record per kind of usage and period, which are summed when
-- they are asked for; all orgs have too many for that.
CREATE TABLE usage_of_all_orgs (
  period_start TEXT NOT NULL,
  period_end TEXT NOT NULL,
  usage_type TEXT NOT NULL,
  status TEXT NOT NULL,
  records INTEGER NOT NULL DEFAULT 0,
  quantity INTEGER NOT NULL DEFAULT 0,
  amount_cents INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (period_start, period_end, usage_type, status)
) WITHOUT ROWID;

INSERT INTO usage_of_all_orgs (period_start, period_end, usage_type, status, records, quantity, amount_cents)
SELECT period_start, period_end, usage_type, coalesce(status, 'pending'), count(*),
       sum(coalesce(quantity, 0)), sum(coalesce(amount_cents, 0))
  FROM billing_records GROUP BY 1, 2, 3, 4;

CREATE TRIGGER billing_records_are_added AFTER INSERT ON billing_records
BEGIN
  INSERT INTO usage_of_all_orgs (period_start, period_end, usage_type, status, records, quantity, amount_cents)
  VALUES (NEW.period_start, NEW.period_end, NEW.usage_type, coalesce(NEW.status, 'pending'), 1,
          coalesce(NEW.quantity, 0), coalesce(NEW.amount_cents, 0))
  ON CONFLICT (period_start, period_end, usage_type, status) DO UPDATE SET
    records = records + 1, quantity = quantity + excluded.quantity,
    amount_cents = amount_cents + excluded.amount_cents;
END;

CREATE TRIGGER billing_records_are_taken AFTER DELETE ON billing_records
BEGIN
  UPDATE usage_of_all_orgs
     SET records = records - 1, quantity = quantity - coalesce(OLD.quantity, 0),
         amount_cents = amount_cents - coalesce(OLD.amount_cents, 0)
   WHERE period_start = OLD.period_start AND period_end = OLD.period_end
     AND usage_type = OLD.usage_type AND status = coalesce(OLD.status, 'pending');
END;

-- A record is changed while its period runs, and when it is invoiced and paid.
CREATE TRIGGER billing_records_are_moved
AFTER UPDATE OF period_start, period_end, usage_type, status, quantity, amount_cents ON billing_records
BEGIN
  UPDATE usage_of_all_orgs
     SET records = records - 1, quantity = quantity - coalesce(OLD.quantity, 0),
         amount_cents = amount_cents - coalesce(OLD.amount_cents, 0)
   WHERE period_start = OLD.period_start AND period_end = OLD.period_end
     AND usage_type = OLD.usage_type AND status = coalesce(OLD.status, 'pending');
  INSERT INTO usage_of_all_orgs (period_start, period_end, usage_type, status, records, quantity, amount_cents)
  VALUES (NEW.period_start, NEW.period_end, NEW.usage_type, coalesce(NEW.status, 'pending'), 1,
          coalesce(NEW.quantity, 0), coalesce(NEW.amount_cents, 0))
  ON CONFLICT (period_start, period_end, usage_type, status) DO UPDATE SET
    records = records + 1, quantity = quantity + excluded.quantity,
    amount_cents = amount_cents + excluded.amount_cents;
END;
