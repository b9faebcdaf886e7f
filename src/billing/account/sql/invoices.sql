-- The org's invoices, newest first; none in the view of all orgs; behind invoice_columns.sql.
-- Index: billing_invoices_by_org.
-- ?4 ?5 key of the page before   ?6 limit   ?7 offset
FROM billing_invoices i
WHERE i.org_id = (SELECT org_id FROM scope) AND (i.created_at, i.id) < (?4, ?5)
ORDER BY i.created_at DESC, i.id DESC
LIMIT +?6 OFFSET ?7
