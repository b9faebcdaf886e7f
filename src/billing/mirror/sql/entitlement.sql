-- Brings plan and standing of the orgs in due up to all of their subscriptions. The plan is that of what is paid, in its
-- trial or in its days of grace: chatbot and phone together are the bundle. Where none is, or the plan is unknown, the
-- last one stays, and the standing says what it is worth. An org that never had a subscription keeps what staff gave it.
-- A status that Stripe adds later (stored as incomplete) entitles to nothing.
-- Indexes: orgs.id, billing_subscriptions_by_org, billing_subscription_items_by_subscription, plan_prices.stripe_price_id.
-- ?3 now   ?4 days of grace, as '+7 days'
UPDATE orgs SET
  plan = coalesce(held.plan, orgs.plan),
  billing_standing = coalesce(held.standing, orgs.billing_standing),
  grace_ends_at = held.grace_ends_at,
  updated_at = ?3
FROM (
  SELECT t.org_id,
         CASE WHEN t.has_grace THEN 'grace' WHEN t.has_live THEN 'good' WHEN t.has_late THEN 'read_only'
              WHEN t.has_ended THEN 'none' END AS standing,
         t.grace_ends_at,
         CASE WHEN t.enterprise THEN 'enterprise' WHEN t.bundle OR (t.chatbot AND t.phone) THEN 'bundle'
              WHEN t.phone THEN 'phone' WHEN t.chatbot THEN 'chatbot' END AS plan
  FROM (
    SELECT s.org_id, max(s.standing = 'live') AS has_live, max(s.standing = 'grace') AS has_grace,
           max(s.standing = 'late') AS has_late, max(s.standing = 'ended') AS has_ended,
           max(iif(s.standing = 'grace', s.grace_ends_at, NULL)) AS grace_ends_at,
           max(s.standing IN ('live', 'grace') AND coalesce(p.plan, i.plan) = 'chatbot') AS chatbot,
           max(s.standing IN ('live', 'grace') AND coalesce(p.plan, i.plan) = 'phone') AS phone,
           max(s.standing IN ('live', 'grace') AND coalesce(p.plan, i.plan) = 'bundle') AS bundle,
           max(s.standing IN ('live', 'grace') AND coalesce(p.plan, i.plan) = 'enterprise') AS enterprise
    FROM (
      SELECT b.id, b.org_id, b.grace_ends_at,
             CASE WHEN b.status IN ('active', 'trialing') THEN 'live'
                  WHEN b.status = 'past_due' THEN iif(b.grace_ends_at > ?3, 'grace', 'late')
                  WHEN b.status IN ('canceled', 'unpaid', 'paused') THEN 'ended'
                  WHEN b.status = 'incomplete' AND b.stripe_status <> 'incomplete' THEN 'ended' END AS standing
      FROM (SELECT x.id, x.org_id, x.status, x.stripe_status, strftime('%Y-%m-%dT%H:%M:%fZ', x.past_due_since, ?4) AS grace_ends_at
              FROM due CROSS JOIN billing_subscriptions x ON x.org_id = due.org_id) AS b) AS s
    LEFT JOIN billing_subscription_items i ON i.billing_subscription_id = s.id AND i.org_id = s.org_id
    LEFT JOIN plan_prices p ON p.stripe_price_id = i.stripe_price_id
    GROUP BY s.org_id) AS t) AS held
WHERE orgs.id = held.org_id
  AND (orgs.plan IS NOT coalesce(held.plan, orgs.plan)
       OR orgs.billing_standing IS NOT coalesce(held.standing, orgs.billing_standing)
       OR orgs.grace_ends_at IS NOT held.grace_ends_at)
RETURNING id
