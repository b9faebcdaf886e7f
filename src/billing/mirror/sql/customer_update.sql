-- Takes over a customer's snapshot, unless a newer one was applied, one of its second that differs, or the customer was
-- deleted; the row's own org_id stays. Indexes: billing_customers.stripe_customer_id, stripe_events.stripe_event_id.
-- ?1 event   ?2 delivery   ?3 Stripe customer   ?4 event.created   ?5 rank   ?6 digest   ?7 delivery that may be written
-- over, '*' or NULL   ?8 now   ?9 e-mail   ?10 name   ?11 currency   ?12 balance   ?13 delinquent   ?14 payment method
-- ?15 invoice settings   ?16 metadata   ?17 when deleted, or NULL
UPDATE billing_customers SET
  email = ?9, name = ?10, currency = ?11, balance_cents = ?12, delinquent = ?13,
  default_payment_method_id = ?14, invoice_settings = ?15, metadata = ?16,
  deleted_at = ?17, updated_at = ?8, stripe_event_created = ?4, stripe_event_rank = ?5, snapshot_digest = ?6,
  delivery_id = ?2
WHERE stripe_customer_id = +?3 AND deleted_at IS NULL
  AND (?17 IS NOT NULL
       OR (?4, ?5) > (stripe_event_created, stripe_event_rank)
       OR ((?4, ?5) = (stripe_event_created, stripe_event_rank)
           AND (snapshot_digest IS NULL OR ?7 IN ('*', delivery_id))))
  AND EXISTS (SELECT 1 FROM stripe_events e
               WHERE e.stripe_event_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed'
                 AND e.org_id = billing_customers.org_id)
