-- Snapshots of products and prices are told apart as those of subscriptions are: of two of one second Stripe is asked which
-- holds. Rows of before take over the next one.
ALTER TABLE plan_prices ADD COLUMN snapshot_digest TEXT;
ALTER TABLE plan_prices ADD COLUMN delivery_id TEXT;
ALTER TABLE stripe_products ADD COLUMN snapshot_digest TEXT;
ALTER TABLE stripe_products ADD COLUMN delivery_id TEXT;

-- Whose plan changes with a price's.
CREATE INDEX billing_subscription_items_by_price ON billing_subscription_items (stripe_price_id, org_id);

-- Subscriptions whose payment failed before grace was counted have all of it.
UPDATE billing_subscriptions SET past_due_since = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE status = 'past_due' AND past_due_since IS NULL;

-- Invoices that came before their subscription are joined to its row.
CREATE TRIGGER billing_invoices_join AFTER INSERT ON billing_subscriptions BEGIN
  UPDATE billing_invoices SET billing_subscription_id = NEW.id
  WHERE stripe_subscription_id = NEW.stripe_subscription_id AND org_id = NEW.org_id AND billing_subscription_id IS NULL;
END;

-- The newest checkouts of an org.
CREATE INDEX billing_checkout_sessions_by_org ON billing_checkout_sessions (org_id, created_at, id);
DROP INDEX idx_billing_checkout_sessions_org_id;
