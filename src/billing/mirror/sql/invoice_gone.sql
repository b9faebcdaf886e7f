-- Ends a draft that Stripe no longer has, if this delivery claimed the event for the invoice's org_id.
-- Indexes: stripe_events.stripe_event_id, billing_invoices.stripe_invoice_id.
-- ?1 event   ?2 delivery   ?3 invoice   ?4 event.created   ?5 now
UPDATE billing_invoices SET status = 'void', updated_at = ?5, stripe_event_created = ?4, stripe_event_rank = 9,
  snapshot_digest = NULL, delivery_id = ?2
WHERE stripe_invoice_id = +?3 AND status = 'draft' AND stripe_event_rank <> 9
  AND EXISTS (SELECT 1 FROM stripe_events e
               WHERE e.stripe_event_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed'
                 AND e.org_id = billing_invoices.org_id)
