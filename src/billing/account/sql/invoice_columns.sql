-- What is told of an invoice; before the FROM of its rows, which says its index.
SELECT i.id, i.org_id, i.billing_customer_id, i.billing_subscription_id, i.stripe_invoice_id,
       i.stripe_invoice_number, i.status, coalesce(i.currency, 'usd') AS currency,
       coalesce(i.subtotal_cents, 0) AS subtotal_cents, coalesce(i.tax_cents, 0) AS tax_cents,
       coalesce(i.total_cents, 0) AS total_cents, coalesce(i.amount_due_cents, 0) AS amount_due_cents,
       coalesce(i.amount_paid_cents, 0) AS amount_paid_cents,
       coalesce(i.amount_remaining_cents, 0) AS amount_remaining_cents, i.hosted_invoice_url, i.invoice_pdf,
       i.period_start, i.period_end, i.due_date, i.paid_at, i.finalized_at, i.metadata, i.created_at,
       i.updated_at
