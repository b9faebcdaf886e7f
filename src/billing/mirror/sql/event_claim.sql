-- Claims an event for this delivery; no row comes back when it was applied before. The org_id is that of the customer's
-- own row, or of the invoice that is gone; the hint counts only while no row has the customer and the org has none, and one
-- that contradicts is refused. Says whether other events may wait for it.
-- Indexes: stripe_events.stripe_event_id, billing_customers.stripe_customer_id, .org_id,
-- billing_former_customers.stripe_customer_id, billing_invoices.stripe_invoice_id, orgs.id, stripe_events_awaiting,
-- stripe_events_awaiting_room.
-- ?1 row id   ?2 event   ?3 type   ?4 API version   ?5 live mode   ?6 object type   ?7 object id
-- ?8 payload   ?9 now   ?10 delivery   ?11 event.created   ?12 Stripe customer, or NULL
-- ?13 org hint, or NULL   ?14 what to say without an org: 'skipped', 'failed', or 'processed'
-- ?15 why it is skipped whatever it says, or NULL   ?16 1 to apply what was skipped before
-- ?17 1 if it says that the customer is deleted: it takes nobody's place
INSERT INTO stripe_events (id, stripe_event_id, event_type, api_version, livemode, object_type, object_id,
                           payload, received_at, processed_at, delivery_id, event_created, attempts,
                           stripe_customer_id, org_id, status, processing_error)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11, 1, ?12, found.org_id,
       CASE WHEN ?15 IS NOT NULL OR found.refusal IS NOT NULL THEN 'skipped'
            WHEN found.org_id IS NULL THEN ?14 ELSE 'processed' END,
       coalesce(?15, found.refusal, iif(found.org_id IS NULL AND ?14 <> 'processed', 'customer_unknown', NULL))
FROM (
  SELECT coalesce(named.owner_id, named.hinted_id) AS org_id,
         CASE WHEN named.owner_id <> ?13 THEN 'org_mismatch'
              WHEN named.owner_id IS NULL AND named.hinted_id IS NOT NULL AND named.is_taken AND ?17 = 0 THEN 'org_has_customer'
         END AS refusal
  FROM (SELECT coalesce(
                 (SELECT c.org_id FROM billing_customers c WHERE c.stripe_customer_id = +?12),
                 (SELECT f.org_id FROM billing_former_customers f WHERE f.stripe_customer_id = +?12),
                 (SELECT i.org_id FROM billing_invoices i WHERE i.stripe_invoice_id = iif(?12 IS NULL, ?7, NULL))
               ) AS owner_id,
               (SELECT o.id FROM orgs o WHERE o.id = +?13) AS hinted_id,
               EXISTS (SELECT 1 FROM billing_customers c
                        WHERE c.org_id = +?13 AND c.deleted_at IS NULL) AS is_taken) AS named) AS found
WHERE true
ON CONFLICT (stripe_event_id) DO UPDATE SET
  status = excluded.status,
  processing_error = excluded.processing_error,
  org_id = excluded.org_id,
  stripe_customer_id = excluded.stripe_customer_id,
  processed_at = excluded.processed_at,
  delivery_id = excluded.delivery_id,
  attempts = stripe_events.attempts + 1
WHERE stripe_events.status IN ('pending', 'failed') OR (?16 = 1 AND stripe_events.status = 'skipped')
RETURNING id, status, org_id, processing_error,
  EXISTS (SELECT 1 FROM stripe_events w
           WHERE w.stripe_customer_id = +?12 AND w.processing_error = 'customer_unknown'
             AND w.stripe_event_id <> ?2)
  OR EXISTS (SELECT 1 FROM stripe_events w
              WHERE w.org_id = stripe_events.org_id AND w.processing_error = 'org_has_customer'
                AND w.stripe_event_id <> ?2) AS is_awaited
