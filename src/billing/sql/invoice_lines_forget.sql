-- Forgets the lines that an invoice no longer has, if this delivery applied a snapshot with all of them.
-- Indexes: stripe_events.stripe_event_id, billing_invoices.stripe_invoice_id, billing_invoice_lines_by_invoice.
-- ?1 event   ?2 delivery   ?3 invoice   ?4 event.created   ?5 rank   ?6 now   ?7 ids of its lines, as a JSON array
DELETE FROM billing_invoice_lines
WHERE billing_invoice_id = (
  SELECT i.id
    FROM stripe_events e
    JOIN billing_invoices i ON i.stripe_invoice_id = +?3 AND i.org_id = e.org_id
   WHERE e.stripe_event_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed' AND i.has_all_lines = 1
     AND i.stripe_event_created = +?4 AND i.stripe_event_rank = +?5 AND i.updated_at = +?6)
  AND stripe_line_item_id NOT IN (SELECT value FROM json_each(?7))
