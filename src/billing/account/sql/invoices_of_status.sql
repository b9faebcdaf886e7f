-- The org's invoices of one status, newest first; none in the view of all orgs. Index: billing_invoices_by_org_status.
-- ?4 ?5 key of the page before   ?6 limit   ?7 offset   ?8 status
SELECT i.id, i.org_id, i.billing_customer_id, i.billing_subscription_id, i.stripe_invoice_id,
       i.stripe_invoice_number, i.status, coalesce(i.currency, 'usd') AS currency,
       coalesce(i.subtotal_cents, 0) AS subtotal_cents, coalesce(i.tax_cents, 0) AS tax_cents,
       coalesce(i.total_cents, 0) AS total_cents, coalesce(i.amount_due_cents, 0) AS amount_due_cents,
       coalesce(i.amount_paid_cents, 0) AS amount_paid_cents,
       coalesce(i.amount_remaining_cents, 0) AS amount_remaining_cents, i.hosted_invoice_url, i.invoice_pdf,
       i.period_start, i.period_end, i.due_date, i.paid_at, i.finalized_at, i.metadata, i.created_at,
       i.updated_at
FROM billing_invoices i
WHERE i.org_id = (SELECT org_id FROM scope) AND i.status = +?8 AND (i.created_at, i.id) < (?4, ?5)
ORDER BY i.created_at DESC, i.id DESC
LIMIT +?6 OFFSET ?7
