-- What a checkout of a price stands on: the org, its customer, the price, the plans that it pays for already, and the
-- newest checkouts that may be paid yet, or were and whose subscription is not mirrored.
-- Indexes: orgs.id, billing_customers.org_id, plan_prices.stripe_price_id, stripe_products.stripe_product_id,
-- billing_subscriptions_by_org, billing_subscription_items_by_org, billing_subscriptions.stripe_subscription_id,
-- user_memberships.org_id, users.clerk_user_id, billing_checkout_sessions_by_org.   ?4 price
SELECT o.name AS org_name, c.stripe_customer_id, c.deleted_at IS NOT NULL AS is_customer_deleted,
       iif(p.is_active = 1 AND p.is_deleted = 0 AND coalesce(d.is_active, 1) = 1, p.plan, NULL) AS plan,
       p.trial_days,
       (SELECT json_group_array(DISTINCT coalesce(q.plan, i.plan, 'other'))
          FROM billing_subscriptions s
          LEFT JOIN billing_subscription_items i ON i.org_id = s.org_id AND i.billing_subscription_id = s.id
          LEFT JOIN plan_prices q ON q.stripe_price_id = i.stripe_price_id
         WHERE s.org_id = o.id AND s.status IN ('active', 'trialing', 'past_due', 'unpaid', 'paused')) AS plans,
       EXISTS (SELECT 1 FROM billing_subscriptions s
                WHERE s.org_id = o.id AND s.status NOT IN ('incomplete', 'incomplete_expired')) AS had_subscription,
       (SELECT u.email FROM user_memberships m JOIN users u ON u.clerk_user_id = m.clerk_user_id
         WHERE m.org_id = o.id AND m.role = 'owner' AND u.status = 'active' AND u.email IS NOT NULL
         ORDER BY m.created_at, m.id LIMIT 1) AS owner_email,
       (SELECT json_group_array(k.stripe_session_id)
          FROM (SELECT x.stripe_session_id FROM billing_checkout_sessions x
                 WHERE x.org_id = o.id AND x.mode = 'subscription'
                   AND (x.status = 'open'
                        OR x.status = 'complete' AND NOT EXISTS
                           (SELECT 1 FROM billing_subscriptions s
                             WHERE s.stripe_subscription_id = x.stripe_subscription_id AND s.org_id = o.id))
                 ORDER BY x.created_at DESC, x.id DESC LIMIT 3) AS k) AS unsettled_sessions,
       (SELECT x.stripe_session_id FROM billing_checkout_sessions x
         WHERE x.org_id = o.id ORDER BY x.created_at DESC, x.id DESC LIMIT 1) AS newest_session,
       (SELECT json_group_array(s.stripe_subscription_id) FROM billing_subscriptions s
         WHERE s.org_id = o.id) AS subscriptions
FROM scope CROSS JOIN orgs o ON o.id = scope.org_id
LEFT JOIN billing_customers c ON c.org_id = o.id
LEFT JOIN plan_prices p ON p.stripe_price_id = +?4
LEFT JOIN stripe_products d ON d.stripe_product_id = p.stripe_product_id
