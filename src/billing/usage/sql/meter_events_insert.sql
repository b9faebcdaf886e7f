-- Puts down what Stripe's meters are told of the records that records_close.sql closes behind it in the transaction: of
-- those that are pending, count something, and whose org_id has a customer that is there.
-- Indexes: billing_records_open, billing_customers.org_id.
-- ?1 end of the period before   ?2 how many records at most   ?3 names of events by kind, as a JSON object   ?4 now
INSERT INTO usage_meter_events (billing_record_id, org_id, event_name, stripe_customer_id, value, occurred_s, due_at,
                                created_at)
SELECT r.id, r.org_id, ?3 ->> r.usage_type, c.stripe_customer_id, r.quantity,
       CAST(strftime('%s', r.period_end) AS INTEGER) - 1, ?4, ?4
FROM (SELECT b.id, b.org_id, b.usage_type, b.quantity, b.status, b.period_end FROM billing_records b
       WHERE b.counting = 'open' AND b.period_end < ?1 ORDER BY b.period_end, b.id LIMIT +?2) r
CROSS JOIN billing_customers c ON c.org_id = r.org_id
WHERE c.deleted_at IS NULL AND r.status = 'pending' AND r.quantity > 0 AND ?3 ->> r.usage_type IS NOT NULL
ON CONFLICT (billing_record_id) DO NOTHING
