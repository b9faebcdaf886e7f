-- The audit entry of an event that this delivery refused because it names another org_id than its customer's row.
-- Index: stripe_events.stripe_event_id.   ?1 row id   ?2 event   ?3 delivery   ?4 Stripe customer   ?5 now   ?6 metadata
INSERT INTO audit_logs (id, org_id, actor_type, actor_id, event_type, target_type, target_id, metadata, created_at)
SELECT ?1, e.org_id, 'integration', 'stripe', 'billing.org_mismatch', 'customer', ?4, ?6, ?5
FROM stripe_events e
WHERE e.stripe_event_id = +?2 AND e.delivery_id = +?3 AND e.status = 'skipped'
  AND e.processing_error IN ('org_mismatch', 'org_has_customer') AND e.org_id IS NOT NULL
