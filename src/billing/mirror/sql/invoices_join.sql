-- Joins the invoices that came before their subscription to its row. Indexes: billing_invoices_by_stripe_subscription,
-- billing_subscriptions.stripe_subscription_id.   ?1 subscription
UPDATE billing_invoices SET billing_subscription_id = (
  SELECT s.id FROM billing_subscriptions s WHERE s.stripe_subscription_id = +?1 AND s.org_id = billing_invoices.org_id)
WHERE stripe_subscription_id = +?1 AND billing_subscription_id IS NULL
