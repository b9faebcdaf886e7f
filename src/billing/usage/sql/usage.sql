-- Usage records, newest period first. Indexes: billing_records_by_org; for all orgs
-- billing_records_by_time.
-- ?4 ?5 key of the page before   ?6 limit   ?7 first day   ?8 status, or NULL
-- ?9 kind of usage, or NULL
SELECT u.id, u.org_id, u.usage_type, coalesce(u.quantity, 0) AS quantity,
       coalesce(u.unit_price_cents, 0) AS unit_price_cents, coalesce(u.amount_cents, 0) AS amount_cents,
       coalesce(u.status, 'pending') AS status, u.period_start, u.period_end, u.external_invoice_id,
       u.created_at, u.updated_at
FROM billing_records u
WHERE (SELECT org_id FROM scope) = u.org_id
  AND (u.period_start, u.id) < (?4, ?5)
  AND u.period_start >= ?7
  AND (?8 IS NULL OR coalesce(u.status, 'pending') = +?8)
  AND (?9 IS NULL OR u.usage_type = +?9)
ORDER BY u.period_start DESC, u.id DESC
LIMIT +?6
