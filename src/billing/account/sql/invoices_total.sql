-- How many invoices the org has, at most 10 000. Indexes: billing_invoices_by_org, billing_invoices_by_org_status.
-- ?4 status, or NULL
SELECT CASE WHEN ?4 IS NULL
  THEN (SELECT count(*) FROM (
    SELECT 1 FROM billing_invoices i WHERE i.org_id = (SELECT org_id FROM scope) LIMIT 10000))
  ELSE (SELECT count(*) FROM (
    SELECT 1 FROM billing_invoices i WHERE i.org_id = (SELECT org_id FROM scope) AND i.status = +?4 LIMIT 10000))
  END AS total
