-- The deliveries that this run has taken, of any org_id, one of each before a second of any: what they say, where to
-- (NULL: nobody is there any more), and whether it is still so. Indexes: notice_deliveries_held, notices.id, orgs.id,
-- users.id, user_memberships (clerk_user_id, org_id), notice_settings.org_id, billing_subscriptions.stripe_subscription_id.
-- ?1 lease id
SELECT d.id, d.org_id, d.notice_id, d.channel, d.attempts, d.first_attempt_at, n.kind, n.details, o.name AS org_name,
       CASE WHEN coalesce(o.status, 'inactive') NOT IN ('active', 'at_risk') THEN NULL
            WHEN d.channel = 'email' THEN
              (SELECT u.email FROM users u
                 JOIN user_memberships m ON m.clerk_user_id = u.clerk_user_id AND m.org_id = d.org_id
                WHERE u.id = d.recipient AND u.status = 'active' AND m.role = 'owner')
            ELSE (SELECT s.sms_phone FROM notice_settings s WHERE s.org_id = d.org_id) END AS address,
       CASE n.kind
            WHEN 'billing.past_due' THEN o.billing_standing = 'grace'
            WHEN 'billing.read_only' THEN o.billing_standing = 'read_only'
            WHEN 'billing.ended' THEN o.billing_standing = 'none'
            WHEN 'billing.recovered' THEN o.billing_standing = 'good'
            ELSE EXISTS (SELECT 1 FROM billing_subscriptions b
                          WHERE b.stripe_subscription_id = n.subject AND b.org_id = n.org_id
                            AND b.status = 'trialing' AND b.trial_end = n.occasion) END AS is_still_so
FROM notice_deliveries d
JOIN notices n ON n.id = d.notice_id AND n.org_id = d.org_id
JOIN orgs o ON o.id = d.org_id
WHERE d.lease_id = +?1
ORDER BY row_number() OVER (PARTITION BY d.org_id ORDER BY d.id)
