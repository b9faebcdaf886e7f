-- The org's subscriptions, newest first; none in the view of all orgs. Index: billing_subscriptions_by_org.
-- ?4 1 for those that ended as well   ?5 limit
SELECT s.id, s.org_id, s.billing_customer_id, s.stripe_subscription_id, s.stripe_price_id, s.status,
       s.plan_nickname, coalesce(nullif(s.quantity, 0), 1) AS quantity, s.cancel_at_period_end,
       s.current_period_start, s.current_period_end, s.canceled_at, s.ended_at, s.trial_start, s.trial_end,
       s.metadata, s.created_at, s.updated_at
FROM billing_subscriptions s
WHERE s.org_id = (SELECT org_id FROM scope) AND (?4 OR s.status NOT IN ('canceled', 'incomplete_expired'))
ORDER BY s.created_at DESC, s.id DESC
LIMIT +?5
