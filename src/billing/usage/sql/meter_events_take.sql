-- Takes events for Stripe's meters that are due, of all orgs, oldest first. Index: usage_meter_events_due.
-- ?1 now   ?2 how many at most   ?3 until when nobody else takes them
UPDATE usage_meter_events
SET attempts = attempts + 1, first_attempt_at = coalesce(first_attempt_at, ?1), due_at = ?3
WHERE status = 'pending'
  AND billing_record_id IN (SELECT e.billing_record_id FROM usage_meter_events e
                             WHERE e.status = 'pending' AND e.due_at <= ?1 ORDER BY e.due_at LIMIT +?2)
RETURNING billing_record_id, org_id, event_name, stripe_customer_id, value, occurred_s, attempts, first_attempt_at
