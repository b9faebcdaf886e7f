-- Claims an event for this delivery; no row comes back when it was applied before. The org_id is that
-- of the customer's own row; the hint counts only while no row has the customer and the org has none.
-- Indexes: stripe_events.stripe_event_id, billing_customers.stripe_customer_id, .org_id, orgs.id.
-- ?1 row id   ?2 event   ?3 type   ?4 API version   ?5 live mode   ?6 object type   ?7 object id
-- ?8 payload   ?9 now   ?10 delivery   ?11 event.created   ?12 Stripe customer, or NULL
-- ?13 org hint, or NULL   ?14 what to say without an org: 'skipped', 'failed', or 'processed'
INSERT INTO stripe_events (id, stripe_event_id, event_type, api_version, livemode, object_type, object_id,
                           payload, received_at, processed_at, delivery_id, event_created, attempts,
                           org_id, status, processing_error)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11, 1, found.org_id,
       CASE WHEN found.org_id IS NULL THEN ?14 ELSE 'processed' END,
       CASE WHEN found.org_id IS NULL AND ?14 <> 'processed' THEN 'no org is known for the customer' END
FROM (SELECT coalesce(
        (SELECT c.org_id FROM billing_customers c WHERE c.stripe_customer_id = +?12),
        (SELECT o.id FROM orgs o WHERE o.id = +?13
           AND NOT EXISTS (SELECT 1 FROM billing_customers c WHERE c.org_id = o.id))) AS org_id) AS found
WHERE true
ON CONFLICT (stripe_event_id) DO UPDATE SET
  status = excluded.status,
  processing_error = excluded.processing_error,
  org_id = excluded.org_id,
  processed_at = excluded.processed_at,
  delivery_id = excluded.delivery_id,
  attempts = stripe_events.attempts + 1
WHERE stripe_events.status IN ('pending', 'failed')
RETURNING id, status, org_id
