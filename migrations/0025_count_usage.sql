-- What one unit of usage costs. A record keeps the price of its first count.
CREATE TABLE usage_prices (
  usage_type TEXT PRIMARY KEY,
  unit_price_cents INTEGER NOT NULL CHECK (unit_price_cents >= 0)
) WITHOUT ROWID;
INSERT INTO usage_prices (usage_type, unit_price_cents)
VALUES ('action_runs', 10), ('chat_messages', 1), ('voice_minutes', 15)
ON CONFLICT DO NOTHING;

-- Whether the triggers below may still count on a record; NULL for one that they did not make.
ALTER TABLE billing_records ADD COLUMN counting TEXT CHECK (counting IN ('open', 'closed'));
-- What was said aloud, exactly; NULL for other usage.
ALTER TABLE billing_records ADD COLUMN voice_ms INTEGER;
CREATE INDEX billing_records_open ON billing_records (period_end, id) WHERE counting = 'open';

-- When a run was counted, so that it is counted once.
ALTER TABLE action_runs ADD COLUMN usage_counted_at TEXT;

-- What Stripe's meters are told: one event for each record, with the value that it had when it was closed.
CREATE TABLE usage_meter_events (
  -- The event's identifier at Stripe.
  billing_record_id TEXT PRIMARY KEY REFERENCES billing_records(id) ON DELETE CASCADE,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  event_name TEXT NOT NULL,
  stripe_customer_id TEXT NOT NULL,
  value INTEGER NOT NULL,
  -- Seconds since the epoch: the last one of the record's period.
  occurred_s INTEGER NOT NULL,
  -- refused: Stripe does not take it. unknown: nobody knows whether it did.
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'refused', 'unknown')),
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at TEXT NOT NULL,
  first_attempt_at TEXT,
  ended_at TEXT,
  reason TEXT,
  created_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX usage_meter_events_due ON usage_meter_events (due_at) WHERE status = 'pending';
CREATE INDEX usage_meter_events_by_org ON usage_meter_events (org_id, created_at);

-- A count changes one row of the sums of all orgs, where it changed two.
DROP TRIGGER billing_records_are_moved;
CREATE TRIGGER billing_records_are_moved
AFTER UPDATE OF period_start, period_end, usage_type, status ON billing_records
WHEN (OLD.period_start, OLD.period_end, OLD.usage_type, coalesce(OLD.status, 'pending'))
  <> (NEW.period_start, NEW.period_end, NEW.usage_type, coalesce(NEW.status, 'pending'))
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
CREATE TRIGGER billing_records_are_recounted AFTER UPDATE OF quantity, amount_cents ON billing_records
WHEN (OLD.period_start, OLD.period_end, OLD.usage_type, coalesce(OLD.status, 'pending'))
   = (NEW.period_start, NEW.period_end, NEW.usage_type, coalesce(NEW.status, 'pending'))
  AND (coalesce(OLD.quantity, 0), coalesce(OLD.amount_cents, 0))
   <> (coalesce(NEW.quantity, 0), coalesce(NEW.amount_cents, 0))
BEGIN
  UPDATE usage_of_all_orgs
     SET quantity = quantity + coalesce(NEW.quantity, 0) - coalesce(OLD.quantity, 0),
         amount_cents = amount_cents + coalesce(NEW.amount_cents, 0) - coalesce(OLD.amount_cents, 0)
   WHERE period_start = NEW.period_start AND period_end = NEW.period_end
     AND usage_type = NEW.usage_type AND status = coalesce(NEW.status, 'pending');
END;

-- Each counts on the record of its org, kind and day that is open and pending, and opens another where there is none.

-- A message counts once it is answered, on the day on which it was let in, as with budgets.
CREATE TRIGGER chat_turns_are_counted AFTER UPDATE OF status ON chat_turns
WHEN old.status = 'running' AND new.status IN ('answered', 'partial')
BEGIN
  INSERT INTO billing_records (id, org_id, usage_type, quantity, unit_price_cents, amount_cents, status,
                               period_start, period_end, counting, created_at, updated_at)
  SELECT coalesce(max(b.id) FILTER (WHERE b.counting = 'open' AND b.status = 'pending'),
                  'usage_' || d.day || '_chat_messages_' || new.org_id || '_' || count(b.id)),
         new.org_id, 'chat_messages', 1, d.cents, d.cents, 'pending', d.starts, d.ends, 'open', d.at, d.at
  FROM (SELECT substr(new.admitted_at, 1, 10) AS day, coalesce(new.ended_at, new.admitted_at) AS at,
               strftime('%Y-%m-%dT00:00:00.000Z', new.admitted_at) AS starts,
               strftime('%Y-%m-%dT00:00:00.000Z', new.admitted_at, '+1 day') AS ends,
               coalesce((SELECT p.unit_price_cents FROM usage_prices p WHERE p.usage_type = 'chat_messages'), 0) AS cents
       ) d
  LEFT JOIN billing_records b ON b.org_id = new.org_id AND b.period_start = d.starts
   AND b.usage_type = 'chat_messages' AND b.counting IS NOT NULL
  WHERE true
  ON CONFLICT (id) DO UPDATE SET
    quantity = quantity + 1, amount_cents = (quantity + 1) * unit_price_cents,
    updated_at = max(updated_at, excluded.updated_at);
END;

-- A run counts once it has succeeded, on the day on which it did.
CREATE TRIGGER action_runs_are_counted AFTER UPDATE OF status ON action_runs
WHEN new.status = 'succeeded' AND old.status IS NOT 'succeeded' AND new.usage_counted_at IS NULL
BEGIN
  INSERT INTO billing_records (id, org_id, usage_type, quantity, unit_price_cents, amount_cents, status,
                               period_start, period_end, counting, created_at, updated_at)
  SELECT coalesce(max(b.id) FILTER (WHERE b.counting = 'open' AND b.status = 'pending'),
                  'usage_' || substr(d.at, 1, 10) || '_action_runs_' || new.org_id || '_' || count(b.id)),
         new.org_id, 'action_runs', 1, d.cents, d.cents, 'pending', d.starts, d.ends, 'open', d.at, d.at
  FROM (SELECT t.at, strftime('%Y-%m-%dT00:00:00.000Z', t.at) AS starts,
               strftime('%Y-%m-%dT00:00:00.000Z', t.at, '+1 day') AS ends,
               coalesce((SELECT p.unit_price_cents FROM usage_prices p WHERE p.usage_type = 'action_runs'), 0) AS cents
        FROM (SELECT coalesce(new.completed_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) AS at) t) d
  LEFT JOIN billing_records b ON b.org_id = new.org_id AND b.period_start = d.starts
   AND b.usage_type = 'action_runs' AND b.counting IS NOT NULL
  WHERE true
  ON CONFLICT (id) DO UPDATE SET
    quantity = quantity + 1, amount_cents = (quantity + 1) * unit_price_cents,
    updated_at = max(updated_at, excluded.updated_at);
  UPDATE action_runs SET usage_counted_at = coalesce(new.completed_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
   WHERE id = new.id AND org_id = new.org_id;
END;

-- Voice counts as its budget does, what is set aside included. Each begun minute of a month counts once: a day has those
-- of the month up to it that no other record of the month has.
CREATE TRIGGER budget_counters_voice_is_counted AFTER INSERT ON budget_counters
WHEN new.scope_id = new.org_id AND length(new.period) = 10 AND new.voice_ms <> 0
BEGIN
  INSERT INTO billing_records (id, org_id, usage_type, quantity, voice_ms, unit_price_cents, amount_cents, status,
                               period_start, period_end, counting, created_at, updated_at)
  SELECT m.id, new.org_id, 'voice_minutes', m.minutes, m.voice_ms, m.cents, m.minutes * m.cents, 'pending',
         m.starts, m.ends, 'open', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  FROM (
    SELECT coalesce(max(v.id) FILTER (WHERE v.is_open),
                    'usage_' || new.period || '_voice_minutes_' || new.org_id || '_' || count(v.id) FILTER (WHERE v.is_of_day)) AS id,
           new.voice_ms - coalesce(sum(v.voice_ms) FILTER (WHERE v.is_of_day AND NOT v.is_open), 0) AS voice_ms,
           max(0, (new.voice_ms + coalesce(sum(v.voice_ms) FILTER (WHERE NOT v.is_of_day), 0) + 59999) / 60000
                  - coalesce(sum(v.quantity) FILTER (WHERE NOT v.is_open), 0)) AS minutes,
           new.period || 'T00:00:00.000Z' AS starts,
           strftime('%Y-%m-%dT00:00:00.000Z', new.period, '+1 day') AS ends,
           coalesce((SELECT p.unit_price_cents FROM usage_prices p WHERE p.usage_type = 'voice_minutes'), 0) AS cents
    FROM (SELECT b.id, b.quantity, b.voice_ms, b.period_start = new.period || 'T00:00:00.000Z' AS is_of_day,
                 b.period_start = new.period || 'T00:00:00.000Z' AND b.counting = 'open' AND b.status = 'pending' AS is_open
          FROM billing_records b
          WHERE b.org_id = new.org_id AND b.period_start >= substr(new.period, 1, 8) || '01T00:00:00.000Z'
            AND b.period_start <= new.period || 'T00:00:00.000Z'
            AND b.usage_type = 'voice_minutes' AND b.counting IS NOT NULL) v) m
  WHERE true
  ON CONFLICT (id) DO UPDATE SET
    quantity = excluded.quantity, voice_ms = excluded.voice_ms,
    amount_cents = excluded.quantity * unit_price_cents, updated_at = excluded.updated_at;
END;

-- The same, where the day has a counter.
CREATE TRIGGER budget_counters_voice_is_recounted AFTER UPDATE OF voice_ms ON budget_counters
WHEN new.scope_id = new.org_id AND length(new.period) = 10 AND new.voice_ms <> old.voice_ms
BEGIN
  INSERT INTO billing_records (id, org_id, usage_type, quantity, voice_ms, unit_price_cents, amount_cents, status,
                               period_start, period_end, counting, created_at, updated_at)
  SELECT m.id, new.org_id, 'voice_minutes', m.minutes, m.voice_ms, m.cents, m.minutes * m.cents, 'pending',
         m.starts, m.ends, 'open', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  FROM (
    SELECT coalesce(max(v.id) FILTER (WHERE v.is_open),
                    'usage_' || new.period || '_voice_minutes_' || new.org_id || '_' || count(v.id) FILTER (WHERE v.is_of_day)) AS id,
           new.voice_ms - coalesce(sum(v.voice_ms) FILTER (WHERE v.is_of_day AND NOT v.is_open), 0) AS voice_ms,
           max(0, (new.voice_ms + coalesce(sum(v.voice_ms) FILTER (WHERE NOT v.is_of_day), 0) + 59999) / 60000
                  - coalesce(sum(v.quantity) FILTER (WHERE NOT v.is_open), 0)) AS minutes,
           new.period || 'T00:00:00.000Z' AS starts,
           strftime('%Y-%m-%dT00:00:00.000Z', new.period, '+1 day') AS ends,
           coalesce((SELECT p.unit_price_cents FROM usage_prices p WHERE p.usage_type = 'voice_minutes'), 0) AS cents
    FROM (SELECT b.id, b.quantity, b.voice_ms, b.period_start = new.period || 'T00:00:00.000Z' AS is_of_day,
                 b.period_start = new.period || 'T00:00:00.000Z' AND b.counting = 'open' AND b.status = 'pending' AS is_open
          FROM billing_records b
          WHERE b.org_id = new.org_id AND b.period_start >= substr(new.period, 1, 8) || '01T00:00:00.000Z'
            AND b.period_start <= new.period || 'T00:00:00.000Z'
            AND b.usage_type = 'voice_minutes' AND b.counting IS NOT NULL) v) m
  WHERE true
  ON CONFLICT (id) DO UPDATE SET
    quantity = excluded.quantity, voice_ms = excluded.voice_ms,
    amount_cents = excluded.quantity * unit_price_cents, updated_at = excluded.updated_at;
END;
