-- Takes the claim back, if a snapshot of a customer differs from another of its second: Stripe has to be asked. Comes
-- back with the delivery that wrote that one. Indexes: stripe_events.stripe_event_id, billing_customers.stripe_customer_id.
-- ?1 event   ?2 delivery   ?3 Stripe customer   ?4 event.created   ?5 rank   ?6 digest
UPDATE stripe_events SET status = 'failed', processing_error = 'unsettled'
FROM billing_customers c
WHERE stripe_events.stripe_event_id = +?1 AND stripe_events.delivery_id = +?2 AND stripe_events.status = 'processed'
  AND c.stripe_customer_id = +?3 AND c.org_id = stripe_events.org_id AND c.deleted_at IS NULL
  AND c.stripe_event_created = +?4 AND c.stripe_event_rank = +?5 AND c.snapshot_digest <> ?6
RETURNING (SELECT c.delivery_id FROM billing_customers c
            WHERE c.stripe_customer_id = +?3 AND c.org_id = stripe_events.org_id) AS written_by
