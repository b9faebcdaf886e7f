-- Which delivery wrote a mirrored row last, and a digest of what it wrote: of two snapshots of one second that differ,
-- neither is known to be the later one, and Stripe is asked.
ALTER TABLE billing_customers ADD COLUMN stripe_event_rank INTEGER NOT NULL DEFAULT 0;
ALTER TABLE billing_customers ADD COLUMN snapshot_digest TEXT;
ALTER TABLE billing_customers ADD COLUMN delivery_id TEXT;
ALTER TABLE billing_subscriptions ADD COLUMN snapshot_digest TEXT;
ALTER TABLE billing_subscriptions ADD COLUMN delivery_id TEXT;
ALTER TABLE billing_invoices ADD COLUMN snapshot_digest TEXT;
ALTER TABLE billing_invoices ADD COLUMN delivery_id TEXT;

-- The customer that an event is about, so that it can be applied once its org is known.
ALTER TABLE stripe_events ADD COLUMN stripe_customer_id TEXT;
CREATE INDEX stripe_events_awaiting ON stripe_events (stripe_customer_id, event_created)
  WHERE processing_error = 'customer_unknown';

-- Customers that were deleted and gave way to another one of their org: what they left may be told late.
CREATE TABLE billing_former_customers (
  stripe_customer_id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX billing_former_customers_by_org ON billing_former_customers (org_id);
CREATE TRIGGER billing_customers_give_way AFTER UPDATE OF stripe_customer_id ON billing_customers
WHEN OLD.stripe_customer_id <> NEW.stripe_customer_id
BEGIN
  INSERT INTO billing_former_customers (stripe_customer_id, org_id) VALUES (OLD.stripe_customer_id, OLD.org_id)
  ON CONFLICT DO NOTHING;
END;
CREATE INDEX stripe_events_awaiting_room ON stripe_events (org_id, event_created)
  WHERE processing_error = 'org_has_customer';

-- What staff look at; the two indexes that they begin with go.
CREATE INDEX stripe_events_by_org ON stripe_events (org_id, received_at, id);
CREATE INDEX stripe_events_by_time ON stripe_events (received_at, id);
CREATE INDEX stripe_events_by_org_status ON stripe_events (org_id, status, received_at, id);
CREATE INDEX stripe_events_by_status ON stripe_events (status, received_at, id);
DROP INDEX IF EXISTS idx_stripe_events_org_id;
DROP INDEX IF EXISTS idx_stripe_events_status;
CREATE INDEX billing_subscriptions_live ON billing_subscriptions (stripe_subscription_id) WHERE stripe_event_rank <> 2;

-- Begins with the columns of billing_invoice_lines_by_invoice.
DROP INDEX IF EXISTS idx_billing_invoice_lines_billing_invoice_id;

-- Since when the payments of a subscription fail.
ALTER TABLE billing_subscriptions ADD COLUMN past_due_since TEXT;

-- Which price is of which plan. A price that is not here is of the plan that it names itself, if it names one.
CREATE TABLE plan_prices (
  stripe_price_id TEXT PRIMARY KEY,
  -- NULL: a price that is known and of none of the plans.
  plan TEXT CHECK (plan IN ('chatbot', 'phone', 'bundle', 'enterprise')),
  stripe_product_id TEXT,
  nickname TEXT,
  currency TEXT,
  -- NULL where it is not one amount for each, as with tiers.
  unit_amount_cents INTEGER,
  -- day, week, month or year; NULL for a price that is paid once.
  billing_interval TEXT,
  interval_count INTEGER,
  is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
  -- Days of the trial of an org's first subscription; NULL is the Worker's own setting.
  trial_days INTEGER,
  stripe_event_created INTEGER NOT NULL DEFAULT 0,
  is_deleted INTEGER NOT NULL DEFAULT 0 CHECK (is_deleted IN (0, 1)),
  updated_at TEXT
) WITHOUT ROWID;

INSERT INTO plan_prices (stripe_price_id, plan, currency, unit_amount_cents, billing_interval, interval_count)
VALUES ('price_chatbot_monthly', 'chatbot', 'usd', 5000, 'month', 1),
       ('price_phone_monthly', 'phone', 'usd', 40000, 'month', 1),
       ('price_bundle_monthly', 'bundle', 'usd', 42500, 'month', 1),
       ('price_enterprise_monthly', 'enterprise', 'usd', NULL, 'month', 1)
ON CONFLICT DO NOTHING;

CREATE TABLE stripe_products (
  stripe_product_id TEXT PRIMARY KEY,
  name TEXT,
  description TEXT,
  is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
  stripe_event_created INTEGER NOT NULL DEFAULT 0,
  is_deleted INTEGER NOT NULL DEFAULT 0 CHECK (is_deleted IN (0, 1)),
  updated_at TEXT
) WITHOUT ROWID;

-- What a subscription is of: one price each.
CREATE TABLE billing_subscription_items (
  stripe_item_id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  billing_subscription_id TEXT NOT NULL REFERENCES billing_subscriptions(id) ON DELETE CASCADE,
  stripe_price_id TEXT NOT NULL,
  -- The plan that the price names itself.
  plan TEXT CHECK (plan IN ('chatbot', 'phone', 'bundle', 'enterprise')),
  quantity INTEGER NOT NULL DEFAULT 1,
  current_period_start TEXT,
  current_period_end TEXT,
  position INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX billing_subscription_items_by_org ON billing_subscription_items (org_id, billing_subscription_id);
CREATE INDEX billing_subscription_items_by_subscription ON billing_subscription_items (billing_subscription_id);

-- Subscriptions of before had their first price on the row.
INSERT INTO billing_subscription_items (stripe_item_id, org_id, billing_subscription_id, stripe_price_id, plan, quantity,
                                        current_period_start, current_period_end)
SELECT '0 of ' || s.stripe_subscription_id, s.org_id, s.id, s.stripe_price_id,
       CASE WHEN lower(s.plan_nickname) IN ('chatbot', 'phone', 'bundle', 'enterprise') THEN lower(s.plan_nickname) END,
       coalesce(s.quantity, 1), s.current_period_start, s.current_period_end
FROM billing_subscriptions s;

-- How an org stands with its subscriptions. unbilled: it never had one, and has the plan that staff gave it. good: one is
-- paid or in its trial. grace: a payment failed, and there is time to mend it. read_only: that time is over. none: all of
-- them ended, are unpaid or paused.
ALTER TABLE orgs ADD COLUMN billing_standing TEXT NOT NULL DEFAULT 'unbilled'
  CHECK (billing_standing IN ('unbilled', 'good', 'grace', 'read_only', 'none'));
ALTER TABLE orgs ADD COLUMN grace_ends_at TEXT;
-- The row of plan_limits that counts.
ALTER TABLE orgs ADD COLUMN limits_plan TEXT
  GENERATED ALWAYS AS (iif(billing_standing IN ('read_only', 'none'), 'none', coalesce(plan, 'chatbot'))) VIRTUAL;
CREATE INDEX orgs_in_grace ON orgs (grace_ends_at) WHERE grace_ends_at IS NOT NULL;

ALTER TABLE plan_limits ADD COLUMN sites INTEGER;
ALTER TABLE plan_limits ADD COLUMN members INTEGER;
-- Models that the platform pays for, as a JSON array of names; NULL is all that it has.
ALTER TABLE plan_limits ADD COLUMN models TEXT;
UPDATE plan_limits SET sites = 10, members = 25 WHERE plan IN ('chatbot', 'phone');
UPDATE plan_limits SET sites = 50, members = 100 WHERE plan = 'bundle';
INSERT INTO plan_limits (plan, site_messages_per_minute, visitor_messages_per_minute, messages_per_day,
                         messages_per_month, microusd_per_day, microusd_per_month, concurrent_sessions,
                         message_characters, turn_microusd, voice_seconds_per_month, knowledge_sources,
                         knowledge_documents, knowledge_bytes, sites, members)
VALUES ('none', 0, 0, 0, 0, 0, 0, 0, 5000, 20000, 0, 0, 0, 0, 0, 0)
ON CONFLICT DO NOTHING;
