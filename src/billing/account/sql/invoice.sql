-- One of the org's invoices; behind invoice_columns.sql. Index: billing_invoices.id.   ?4 invoice
FROM billing_invoices i
WHERE i.id = +?4 AND i.org_id = (SELECT org_id FROM scope)
