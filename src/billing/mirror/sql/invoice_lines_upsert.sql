-- Takes over the lines of an invoice, if this delivery applied its snapshot; they have its org_id.
-- Indexes: billing_invoices.stripe_invoice_id, billing_invoice_lines.stripe_line_item_id.
-- ?1 delivery   ?2 invoice   ?3 lines as a JSON array of objects with the names of the columns, and their rows' ids   ?4 now
INSERT INTO billing_invoice_lines (
  id, billing_invoice_id, org_id, stripe_line_item_id, description, quantity, unit_amount_cents, amount_cents, currency,
  price_id, product_id, period_start, period_end, proration, metadata, created_at, position)
SELECT l.value ->> 'id', i.id, i.org_id, l.value ->> 'stripe_line_item_id', l.value ->> 'description',
       l.value ->> 'quantity', l.value ->> 'unit_amount_cents', l.value ->> 'amount_cents', l.value ->> 'currency',
       l.value ->> 'price_id', l.value ->> 'product_id', l.value ->> 'period_start', l.value ->> 'period_end',
       l.value ->> 'proration', l.value ->> 'metadata', ?4, l.key
FROM billing_invoices i
CROSS JOIN json_each(?3) l
WHERE i.stripe_invoice_id = +?2 AND i.delivery_id = +?1
ON CONFLICT (stripe_line_item_id) DO UPDATE SET
  description = excluded.description,
  quantity = excluded.quantity,
  unit_amount_cents = excluded.unit_amount_cents,
  amount_cents = excluded.amount_cents,
  currency = excluded.currency,
  price_id = excluded.price_id,
  product_id = excluded.product_id,
  period_start = excluded.period_start,
  period_end = excluded.period_end,
  proration = excluded.proration,
  metadata = excluded.metadata,
  position = excluded.position
WHERE billing_invoice_lines.billing_invoice_id = excluded.billing_invoice_id
