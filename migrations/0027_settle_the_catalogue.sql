-- Snapshots of products and prices are told apart as those of subscriptions are: of two of one second Stripe is asked which
-- holds. Rows of before take over the next one.
ALTER TABLE plan_prices ADD COLUMN snapshot_digest TEXT;
ALTER TABLE plan_prices ADD COLUMN delivery_id TEXT;
ALTER TABLE stripe_products ADD COLUMN snapshot_digest TEXT;
ALTER TABLE stripe_products ADD COLUMN delivery_id TEXT;

-- Whose plan changes with a price's.
CREATE INDEX billing_subscription_items_by_price ON billing_subscription_items (stripe_price_id, org_id);
