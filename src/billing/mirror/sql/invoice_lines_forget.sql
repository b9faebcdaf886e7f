-- Forgets the lines that an invoice no longer has, if this delivery applied a snapshot with all of them.
-- Indexes: billing_invoices.stripe_invoice_id, billing_invoice_lines_by_invoice.
-- ?1 delivery   ?2 invoice   ?3 ids of its lines, as a JSON array
DELETE FROM billing_invoice_lines
WHERE (billing_invoice_id, org_id) IN (
  SELECT i.id, i.org_id FROM billing_invoices i
   WHERE i.stripe_invoice_id = +?2 AND i.delivery_id = +?1 AND i.has_all_lines = 1)
  AND stripe_line_item_id NOT IN (SELECT value FROM json_each(?3))
