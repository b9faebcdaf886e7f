-- Records a checkout session, if its customer is the org_id's and no other session was recorded since the basis was read
-- (checkout_basis.sql): of requests of one moment one wins. Of a session whose end was told already, only the addresses.
-- Indexes: billing_customers.stripe_customer_id, billing_checkout_sessions.stripe_session_id,
-- billing_checkout_sessions_by_org.
-- ?1 org   ?2 row id   ?3 session   ?4 Stripe customer   ?5 success address   ?6 cancel address   ?7 expires at
-- ?8 metadata   ?9 now   ?10 the newest session of the basis, or NULL
INSERT INTO billing_checkout_sessions (id, org_id, stripe_session_id, stripe_customer_id, status, mode, success_url,
                                       cancel_url, expires_at, metadata, created_at, updated_at)
SELECT ?2, c.org_id, ?3, c.stripe_customer_id, 'open', 'subscription', ?5, ?6, ?7, ?8, ?9, ?9
FROM billing_customers c
WHERE c.stripe_customer_id = +?4 AND c.org_id = +?1 AND c.deleted_at IS NULL
  AND (SELECT x.stripe_session_id FROM billing_checkout_sessions x
        WHERE x.org_id = c.org_id AND x.stripe_session_id <> ?3
        ORDER BY x.created_at DESC, x.id DESC LIMIT 1) IS +?10
ON CONFLICT (stripe_session_id) DO UPDATE SET
  success_url = excluded.success_url, cancel_url = excluded.cancel_url, expires_at = excluded.expires_at,
  metadata = excluded.metadata
WHERE billing_checkout_sessions.org_id = excluded.org_id
RETURNING id
