-- Takes over an invoice's snapshot under the org_id of its customer's row, unless a newer one was applied, one of its
-- second that differs, or it is gone. Indexes: stripe_events.stripe_event_id, billing_customers.org_id,
-- billing_invoices.stripe_invoice_id, billing_subscriptions.stripe_subscription_id.
-- ?1 event   ?2 delivery   ?3 invoice   ?4 event.created   ?5 rank   ?6 digest   ?7 delivery that may be written over,
-- '*' or NULL   ?8 now   ?9 row id   ?10 created   ?11 subscription, or NULL   ?12 number
-- ?13 status   ?14 currency   ?15 subtotal   ?16 tax   ?17 total   ?18 amount due   ?19 paid   ?20 remaining
-- ?21 hosted page   ?22 PDF   ?23 period start   ?24 period end   ?25 due   ?26 paid at   ?27 finalized at
-- ?28 metadata   ?29 1 if all lines came
INSERT INTO billing_invoices (
  id, org_id, billing_customer_id, stripe_invoice_id, stripe_subscription_id, billing_subscription_id,
  stripe_invoice_number, status, currency, subtotal_cents, tax_cents, total_cents, amount_due_cents, amount_paid_cents,
  amount_remaining_cents, hosted_invoice_url, invoice_pdf, period_start, period_end, due_date, paid_at, finalized_at,
  metadata, created_at, updated_at, has_all_lines, stripe_event_created, stripe_event_rank, snapshot_digest, delivery_id)
SELECT ?9, c.org_id, c.id, ?3, ?11,
       (SELECT s.id FROM billing_subscriptions s WHERE s.stripe_subscription_id = +?11 AND s.org_id = c.org_id),
       ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?10, ?8, ?29, ?4, ?5, ?6, ?2
FROM stripe_events e
JOIN billing_customers c ON c.org_id = e.org_id
WHERE e.stripe_event_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed'
ON CONFLICT (stripe_invoice_id) DO UPDATE SET
  stripe_subscription_id = coalesce(excluded.stripe_subscription_id, stripe_subscription_id),
  billing_subscription_id = coalesce(excluded.billing_subscription_id, billing_subscription_id),
  stripe_invoice_number = excluded.stripe_invoice_number,
  status = excluded.status,
  currency = excluded.currency,
  subtotal_cents = excluded.subtotal_cents,
  tax_cents = excluded.tax_cents,
  total_cents = excluded.total_cents,
  amount_due_cents = excluded.amount_due_cents,
  amount_paid_cents = excluded.amount_paid_cents,
  amount_remaining_cents = excluded.amount_remaining_cents,
  hosted_invoice_url = excluded.hosted_invoice_url,
  invoice_pdf = excluded.invoice_pdf,
  period_start = excluded.period_start,
  period_end = excluded.period_end,
  due_date = excluded.due_date,
  paid_at = excluded.paid_at,
  finalized_at = excluded.finalized_at,
  metadata = excluded.metadata,
  created_at = excluded.created_at,
  updated_at = excluded.updated_at,
  stripe_event_created = excluded.stripe_event_created,
  stripe_event_rank = excluded.stripe_event_rank,
  has_all_lines = excluded.has_all_lines,
  snapshot_digest = excluded.snapshot_digest,
  delivery_id = excluded.delivery_id
WHERE billing_invoices.org_id = excluded.org_id
  AND billing_invoices.stripe_event_rank <> 9
  AND (excluded.stripe_event_rank = 9
       OR (excluded.stripe_event_created, excluded.stripe_event_rank)
          > (billing_invoices.stripe_event_created, billing_invoices.stripe_event_rank)
       OR ((excluded.stripe_event_created, excluded.stripe_event_rank)
           = (billing_invoices.stripe_event_created, billing_invoices.stripe_event_rank)
           AND (billing_invoices.snapshot_digest IS NULL OR ?7 IN ('*', billing_invoices.delivery_id))))
