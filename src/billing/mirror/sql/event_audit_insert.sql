-- The audit entry of an event, if this delivery claimed it: it did happen, whether or not a newer snapshot came first. Or
-- that it was refused, because it names another org_id than its customer's row. Index: stripe_events.stripe_event_id.
-- ?1 row id   ?2 event   ?3 delivery   ?4 now   ?5 event type, NULL to leave no trace   ?6 what it is about   ?7 its id
-- ?8 metadata   ?9 Stripe customer   ?10 metadata of a refusal
INSERT INTO audit_logs (id, org_id, actor_type, actor_id, event_type, target_type, target_id, metadata, created_at)
SELECT ?1, e.org_id, 'integration', 'stripe',
       iif(e.status = 'processed', ?5, 'billing.org_mismatch'), iif(e.status = 'processed', ?6, 'customer'),
       iif(e.status = 'processed', ?7, ?9), iif(e.status = 'processed', ?8, ?10), ?4
FROM stripe_events e
WHERE e.stripe_event_id = +?2 AND e.delivery_id = +?3 AND e.org_id IS NOT NULL
  AND ((e.status = 'processed' AND ?5 IS NOT NULL)
       OR (e.status = 'skipped' AND e.processing_error IN ('org_mismatch', 'org_has_customer')))
