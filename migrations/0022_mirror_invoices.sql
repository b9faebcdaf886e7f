-- What orders the snapshots of an invoice, and the subscription that it is of, which may come later than the invoice.
ALTER TABLE billing_invoices ADD COLUMN stripe_event_created INTEGER NOT NULL DEFAULT 0;
ALTER TABLE billing_invoices ADD COLUMN stripe_event_rank INTEGER NOT NULL DEFAULT 0;
ALTER TABLE billing_invoices ADD COLUMN stripe_subscription_id TEXT;
ALTER TABLE billing_invoices ADD COLUMN has_all_lines INTEGER NOT NULL DEFAULT 1 CHECK (has_all_lines IN (0, 1));
ALTER TABLE billing_invoice_lines ADD COLUMN position INTEGER NOT NULL DEFAULT 0;

CREATE INDEX billing_invoices_by_stripe_subscription ON billing_invoices (stripe_subscription_id);
CREATE INDEX billing_invoices_by_org_status ON billing_invoices (org_id, status, created_at, id);
CREATE INDEX billing_invoice_lines_by_invoice ON billing_invoice_lines (billing_invoice_id, position, id);
