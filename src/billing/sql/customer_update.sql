-- Takes over a customer's snapshot, unless a newer one was applied or the customer was deleted; the
-- row's own org_id stays. Indexes: billing_customers.stripe_customer_id, stripe_events.stripe_event_id.
-- ?1 event   ?2 delivery   ?3 Stripe customer   ?4 event.created   ?5 now   ?6 e-mail   ?7 name
-- ?8 currency   ?9 balance   ?10 delinquent   ?11 payment method   ?12 invoice settings   ?13 metadata
-- ?14 when deleted, or NULL
UPDATE billing_customers SET
  email = ?6, name = ?7, currency = ?8, balance_cents = ?9, delinquent = ?10,
  default_payment_method_id = ?11, invoice_settings = ?12, metadata = ?13,
  deleted_at = ?14, updated_at = ?5, stripe_event_created = ?4
WHERE stripe_customer_id = +?3 AND deleted_at IS NULL
  AND (stripe_event_created <= ?4 OR ?14 IS NOT NULL)
  AND EXISTS (SELECT 1 FROM stripe_events e
               WHERE e.stripe_event_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed'
                 AND e.org_id = billing_customers.org_id)
