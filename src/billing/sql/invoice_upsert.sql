-- Takes over an invoice's snapshot under the org_id of its customer's row, unless a newer one was applied or it is gone.
-- Indexes: stripe_events.stripe_event_id, billing_customers.stripe_customer_id, billing_invoices.stripe_invoice_id,
-- billing_subscriptions.stripe_subscription_id.
-- ?1 row id   ?2 event   ?3 delivery   ?4 Stripe customer   ?5 event.created   ?6 rank   ?7 now   ?8 invoice
-- ?9 subscription, or NULL   ?10 number   ?11 status   ?12 currency   ?13 subtotal   ?14 tax   ?15 total
-- ?16 amount due   ?17 paid   ?18 remaining   ?19 hosted page   ?20 PDF   ?21 period start   ?22 period end
-- ?23 due   ?24 paid at   ?25 finalized at   ?26 metadata   ?27 1 if all lines came
INSERT INTO billing_invoices (
  id, org_id, billing_customer_id, stripe_invoice_id, stripe_subscription_id, billing_subscription_id,
  stripe_invoice_number, status, currency, subtotal_cents, tax_cents, total_cents, amount_due_cents, amount_paid_cents,
  amount_remaining_cents, hosted_invoice_url, invoice_pdf, period_start, period_end, due_date, paid_at, finalized_at,
  metadata, created_at, updated_at, stripe_event_created, stripe_event_rank, has_all_lines)
SELECT ?1, c.org_id, c.id, ?8, ?9,
       (SELECT s.id FROM billing_subscriptions s WHERE s.stripe_subscription_id = +?9 AND s.org_id = c.org_id),
       ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?7, ?7, ?5, ?6, ?27
FROM stripe_events e
JOIN billing_customers c ON c.stripe_customer_id = +?4 AND c.org_id = e.org_id
WHERE e.stripe_event_id = +?2 AND e.delivery_id = +?3 AND e.status = 'processed'
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
  updated_at = excluded.updated_at,
  stripe_event_created = excluded.stripe_event_created,
  stripe_event_rank = excluded.stripe_event_rank,
  has_all_lines = excluded.has_all_lines
WHERE billing_invoices.org_id = excluded.org_id
  AND billing_invoices.stripe_event_rank <> 9
  AND (excluded.stripe_event_rank = 9
       OR (excluded.stripe_event_created, excluded.stripe_event_rank)
          >= (billing_invoices.stripe_event_created, billing_invoices.stripe_event_rank))
