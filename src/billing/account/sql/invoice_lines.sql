-- The lines of one of the org's invoices, in its order, at most 500. Index: billing_invoice_lines_by_invoice.   ?4 invoice
SELECT l.id, l.billing_invoice_id, l.org_id, l.stripe_line_item_id, l.description,
       coalesce(l.quantity, 1) AS quantity, coalesce(l.unit_amount_cents, 0) AS unit_amount_cents,
       coalesce(l.amount_cents, 0) AS amount_cents, coalesce(l.currency, 'usd') AS currency, l.price_id, l.product_id,
       l.period_start, l.period_end, coalesce(l.proration, 0) AS proration, l.metadata, l.created_at
FROM billing_invoice_lines l
WHERE l.billing_invoice_id = +?4 AND l.org_id = (SELECT org_id FROM scope)
ORDER BY l.position, l.id
LIMIT 500
