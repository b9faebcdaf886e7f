-- Billing of org_dental for local use. org_chadis has none on purpose, so that empty states can be seen.
-- The Stripe ids are invented and exist in no Stripe account.

INSERT INTO billing_customers (id, org_id, stripe_customer_id, email, name, currency, default_payment_method_id, metadata, created_at, updated_at) VALUES
    ('bcus_dental', 'org_dental', 'cus_demo_dental', 'billing@brightsmile.example.com', 'Bright Smile Dental Group', 'usd', 'pm_demo_dental', '{"org_id":"org_dental"}', '2025-01-15T10:00:00.000Z', '2025-01-15T10:00:00.000Z')
ON CONFLICT DO NOTHING;

INSERT INTO billing_subscriptions (id, org_id, billing_customer_id, stripe_subscription_id, stripe_price_id, status, plan_nickname, quantity, current_period_start, current_period_end, metadata, created_at, updated_at) VALUES
    ('bsub_dental', 'org_dental', 'bcus_dental', 'sub_demo_dental', 'price_bundle_monthly', 'active', 'Bundle Pack', 1,
     strftime('%Y-%m-%dT00:00:00.000Z', 'now', 'start of month'), strftime('%Y-%m-%dT00:00:00.000Z', 'now', 'start of month', '+1 month'),
     '{"org_id":"org_dental"}', '2025-01-15T10:01:00.000Z', '2025-01-15T10:01:00.000Z')
ON CONFLICT DO NOTHING;

-- An invoice bills the plan for the month it is dated in, and the usage of the month before.
INSERT INTO billing_invoices (id, org_id, billing_customer_id, billing_subscription_id, stripe_invoice_id, stripe_invoice_number, status, currency, subtotal_cents, tax_cents, total_cents, amount_due_cents, amount_paid_cents, amount_remaining_cents, hosted_invoice_url, invoice_pdf, period_start, period_end, due_date, paid_at, finalized_at, created_at, updated_at) VALUES
    ('binv_dental_1', 'org_dental', 'bcus_dental', 'bsub_dental', 'in_demo_dental_1', 'BRIGHT-0001', 'paid', 'usd', 45780, 0, 45780, 45780, 45780, 0,
     'https://invoices.example.com/in_demo_dental_1', 'https://invoices.example.com/in_demo_dental_1.pdf',
     strftime('%Y-%m-%dT00:00:00.000Z', 'now', 'start of month', '-1 month'), strftime('%Y-%m-%dT00:00:00.000Z', 'now', 'start of month'),
     NULL, strftime('%Y-%m-%dT01:05:00.000Z', 'now', 'start of month', '-1 month'), strftime('%Y-%m-%dT01:00:00.000Z', 'now', 'start of month', '-1 month'),
     strftime('%Y-%m-%dT00:05:00.000Z', 'now', 'start of month', '-1 month'), strftime('%Y-%m-%dT01:05:00.000Z', 'now', 'start of month', '-1 month')),
    ('binv_dental_2', 'org_dental', 'bcus_dental', 'bsub_dental', 'in_demo_dental_2', 'BRIGHT-0002', 'open', 'usd', 46080, 0, 46080, 46080, 0, 46080,
     'https://invoices.example.com/in_demo_dental_2', 'https://invoices.example.com/in_demo_dental_2.pdf',
     strftime('%Y-%m-%dT00:00:00.000Z', 'now', 'start of month'), strftime('%Y-%m-%dT00:00:00.000Z', 'now', 'start of month', '+1 month'),
     strftime('%Y-%m-%dT00:00:00.000Z', 'now', 'start of month', '+1 month'), NULL, strftime('%Y-%m-%dT01:00:00.000Z', 'now', 'start of month'),
     strftime('%Y-%m-%dT00:05:00.000Z', 'now', 'start of month'), strftime('%Y-%m-%dT01:00:00.000Z', 'now', 'start of month'))
ON CONFLICT DO NOTHING;

-- Invoice 1: plan, and the usage of the month before last. Invoice 2: plan, and the usage of last month.
WITH line (id, invoice, item, description, quantity, unit_amount_cents, price_id, months_ago) AS (VALUES
    ('blin_dental_1_1', 1, 'il_demo_dental_1_1', 'Bundle Pack, one month', 1, 42500, 'price_bundle_monthly', 1),
    ('blin_dental_1_2', 1, 'il_demo_dental_1_2', 'Chat messages', 1240, 1, 'price_chat_messages', 2),
    ('blin_dental_1_3', 1, 'il_demo_dental_1_3', 'Voice minutes', 96, 15, 'price_voice_minutes', 2),
    ('blin_dental_1_4', 1, 'il_demo_dental_1_4', 'Action runs', 60, 10, 'price_action_runs', 2),
    ('blin_dental_2_1', 2, 'il_demo_dental_2_1', 'Bundle Pack, one month', 1, 42500, 'price_bundle_monthly', 0),
    ('blin_dental_2_2', 2, 'il_demo_dental_2_2', 'Chat messages', 1310, 1, 'price_chat_messages', 1),
    ('blin_dental_2_3', 2, 'il_demo_dental_2_3', 'Voice minutes', 104, 15, 'price_voice_minutes', 1),
    ('blin_dental_2_4', 2, 'il_demo_dental_2_4', 'Action runs', 71, 10, 'price_action_runs', 1)
)
INSERT INTO billing_invoice_lines (id, billing_invoice_id, org_id, stripe_line_item_id, description, quantity, unit_amount_cents, amount_cents, currency, price_id, period_start, period_end, created_at)
SELECT id, 'binv_dental_' || invoice, 'org_dental', item, description, quantity, unit_amount_cents, quantity * unit_amount_cents, 'usd', price_id,
       strftime('%Y-%m-%dT00:00:00.000Z', 'now', 'start of month', '-' || months_ago || ' months'),
       strftime('%Y-%m-%dT00:00:00.000Z', 'now', 'start of month', '-' || months_ago || ' months', '+1 month'),
       strftime('%Y-%m-%dT00:05:00.000Z', 'now', 'start of month', '-' || (2 - invoice) || ' months')
FROM line WHERE true
ON CONFLICT DO NOTHING;

-- Usage of the last three months: paid, invoiced, and pending for the month that is running.
WITH usage (usage_type, quantity, unit_price_cents, months_ago, status, external_invoice_id) AS (VALUES
    ('chat_messages', 1240, 1, 2, 'paid', 'in_demo_dental_1'),
    ('voice_minutes', 96, 15, 2, 'paid', 'in_demo_dental_1'),
    ('action_runs', 60, 10, 2, 'paid', 'in_demo_dental_1'),
    ('chat_messages', 1310, 1, 1, 'invoiced', 'in_demo_dental_2'),
    ('voice_minutes', 104, 15, 1, 'invoiced', 'in_demo_dental_2'),
    ('action_runs', 71, 10, 1, 'invoiced', 'in_demo_dental_2'),
    ('chat_messages', 420, 1, 0, 'pending', NULL),
    ('voice_minutes', 31, 15, 0, 'pending', NULL),
    ('action_runs', 18, 10, 0, 'pending', NULL)
)
INSERT INTO billing_records (id, org_id, usage_type, quantity, unit_price_cents, amount_cents, status, period_start, period_end, external_invoice_id, created_at, updated_at)
SELECT 'brec_dental_' || strftime('%Y-%m', 'now', 'start of month', '-' || months_ago || ' months') || '_' || usage_type, 'org_dental',
       usage_type, quantity, unit_price_cents, quantity * unit_price_cents, status,
       strftime('%Y-%m-%dT00:00:00.000Z', 'now', 'start of month', '-' || months_ago || ' months'),
       strftime('%Y-%m-%dT00:00:00.000Z', 'now', 'start of month', '-' || months_ago || ' months', '+1 month'),
       external_invoice_id,
       strftime('%Y-%m-%dT00:00:00.000Z', 'now', 'start of month', '-' || months_ago || ' months'),
       strftime('%Y-%m-%dT00:00:00.000Z', 'now', 'start of month', '-' || months_ago || ' months')
FROM usage WHERE true
ON CONFLICT DO NOTHING;
