-- Takes the claim back, if a snapshot of an invoice differs from another of its second, or came without all of its lines:
-- Stripe has to be asked. Comes back with the delivery that wrote it.
-- Indexes: stripe_events.stripe_event_id, billing_invoices.stripe_invoice_id.
-- ?1 event   ?2 delivery   ?3 invoice   ?4 event.created   ?5 rank   ?6 digest
-- ?7 '*' if nobody can be asked
UPDATE stripe_events SET status = 'failed', processing_error = 'unsettled'
FROM billing_invoices i
WHERE stripe_events.stripe_event_id = +?1 AND stripe_events.delivery_id = +?2 AND stripe_events.status = 'processed'
  AND i.stripe_invoice_id = +?3 AND i.org_id = stripe_events.org_id AND i.stripe_event_rank <> 9
  AND ?7 IS NOT '*' AND i.stripe_event_created = +?4 AND i.stripe_event_rank = +?5
  AND (i.snapshot_digest <> ?6 OR i.has_all_lines = 0)
RETURNING (SELECT i.delivery_id FROM billing_invoices i
            WHERE i.stripe_invoice_id = +?3 AND i.org_id = stripe_events.org_id) AS written_by
