-- Flows, actions, integrations, outcomes, audit, retention and portal settings for local use.

INSERT INTO flows (id, org_id, name, description, status, "trigger", entry_step_id, last_published_at, version, created_at, updated_at) VALUES
    ('flow_dental_booking', 'org_dental', 'Appointment request', 'Asks for name, reason and wish, and passes the request to the practice calendar.', 'active',
     '{"type":"chat","config":{"intent":"book_appointment"}}', 'step_dental_booking_1', '2025-02-10T09:00:00.000Z', 2, '2025-01-24T10:00:00.000Z', '2025-02-10T09:00:00.000Z'),
    ('flow_dental_recall', 'org_dental', 'Recall reminder', 'Reminds patients whose last cleaning is more than six months ago.', 'draft',
     '{"type":"schedule","config":{"cron":"0 14 * * 1"}}', 'step_dental_recall_1', NULL, 1, '2025-03-02T11:00:00.000Z', '2025-03-02T11:00:00.000Z'),
    ('flow_chadis_sales', 'org_chadis', 'Offer request', 'Collects the name and the size of a practice and creates a lead.', 'active',
     '{"type":"chat","config":{"intent":"pricing"}}', 'step_chadis_sales_1', '2025-02-14T15:00:00.000Z', 1, '2025-02-10T09:30:00.000Z', '2025-02-14T15:00:00.000Z')
ON CONFLICT DO NOTHING;

INSERT INTO flow_steps (id, flow_id, kind, name, config, next_step_id, created_at, updated_at) VALUES
    ('step_dental_booking_1', 'flow_dental_booking', 'collector', 'Ask for name and reason', '{"fields":["name","phone","reason"]}', 'step_dental_booking_2', '2025-01-24T10:00:00.000Z', '2025-01-24T10:00:00.000Z'),
    ('step_dental_booking_2', 'flow_dental_booking', 'router', 'Emergency or routine', '{}', 'step_dental_booking_3', '2025-01-24T10:01:00.000Z', '2025-01-24T10:01:00.000Z'),
    ('step_dental_booking_3', 'flow_dental_booking', 'action', 'Create the request', '{"actionKey":"create_appointment_request"}', 'step_dental_booking_5', '2025-01-24T10:02:00.000Z', '2025-01-24T10:02:00.000Z'),
    ('step_dental_booking_4', 'flow_dental_booking', 'handoff', 'Call the front desk', '{"message":"I am connecting you to the front desk now."}', NULL, '2025-01-24T10:03:00.000Z', '2025-01-24T10:03:00.000Z'),
    ('step_dental_booking_5', 'flow_dental_booking', 'end', 'Say thank you', '{"message":"Thank you. The front desk will confirm the time."}', NULL, '2025-01-24T10:04:00.000Z', '2025-01-24T10:04:00.000Z'),
    ('step_dental_recall_1', 'flow_dental_recall', 'action', 'Send the reminder', '{"actionKey":"send_text_message"}', 'step_dental_recall_2', '2025-03-02T11:00:00.000Z', '2025-03-02T11:00:00.000Z'),
    ('step_dental_recall_2', 'flow_dental_recall', 'end', 'Done', '{}', NULL, '2025-03-02T11:01:00.000Z', '2025-03-02T11:01:00.000Z'),
    ('step_chadis_sales_1', 'flow_chadis_sales', 'collector', 'Ask for the practice', '{"fields":["practice","email","clinicians"]}', 'step_chadis_sales_2', '2025-02-10T09:30:00.000Z', '2025-02-10T09:30:00.000Z'),
    ('step_chadis_sales_2', 'flow_chadis_sales', 'llm', 'Summarise the request', '{"prompt":"Summarise the request in one sentence."}', 'step_chadis_sales_3', '2025-02-10T09:31:00.000Z', '2025-02-10T09:31:00.000Z'),
    ('step_chadis_sales_3', 'flow_chadis_sales', 'action', 'Create the lead', '{"actionKey":"create_lead"}', 'step_chadis_sales_4', '2025-02-10T09:32:00.000Z', '2025-02-10T09:32:00.000Z'),
    ('step_chadis_sales_4', 'flow_chadis_sales', 'end', 'Say thank you', '{"message":"You will receive a written offer within two working days."}', NULL, '2025-02-10T09:33:00.000Z', '2025-02-10T09:33:00.000Z')
ON CONFLICT DO NOTHING;

INSERT INTO flow_rules (id, flow_id, step_id, condition, action, target_step_id, created_at, updated_at) VALUES
    ('rule_dental_booking_1', 'flow_dental_booking', 'step_dental_booking_2', 'reason contains "emergency"', 'goto', 'step_dental_booking_4', '2025-01-24T10:05:00.000Z', '2025-01-24T10:05:00.000Z'),
    ('rule_dental_booking_2', 'flow_dental_booking', 'step_dental_booking_2', 'reason contains "pain"', 'goto', 'step_dental_booking_4', '2025-01-24T10:06:00.000Z', '2025-01-24T10:06:00.000Z'),
    ('rule_dental_booking_3', 'flow_dental_booking', NULL, 'message contains "speak to a person"', 'handoff', NULL, '2025-01-24T10:07:00.000Z', '2025-01-24T10:07:00.000Z'),
    ('rule_chadis_sales_1', 'flow_chadis_sales', 'step_chadis_sales_1', 'email is empty', 'goto', 'step_chadis_sales_1', '2025-02-10T09:35:00.000Z', '2025-02-10T09:35:00.000Z'),
    ('rule_chadis_sales_2', 'flow_chadis_sales', NULL, 'message contains "not interested"', 'end', NULL, '2025-02-10T09:36:00.000Z', '2025-02-10T09:36:00.000Z')
ON CONFLICT DO NOTHING;

INSERT INTO flow_tests (id, flow_id, name, input, expected_outcome, last_run_at, last_result) VALUES
    ('ftest_dental_booking_1', 'flow_dental_booking', 'Routine cleaning is booked', '{"name":"Dana","phone":"555-010-4400","reason":"cleaning"}', 'success', '2025-02-10T08:50:00.000Z', 'passed'),
    ('ftest_dental_booking_2', 'flow_dental_booking', 'Emergency goes to the front desk', '{"name":"Alex","phone":"555-010-4401","reason":"emergency, broken tooth"}', 'handoff', '2025-02-10T08:51:00.000Z', 'passed'),
    ('ftest_dental_recall_1', 'flow_dental_recall', 'Reminder is sent', '{"phone":"555-010-4402"}', 'success', '2025-03-02T11:10:00.000Z', 'failed'),
    ('ftest_chadis_sales_1', 'flow_chadis_sales', 'Complete request makes a lead', '{"practice":"Lakeside Pediatrics","email":"office@lakeside.example.com","clinicians":4}', 'success', NULL, NULL)
ON CONFLICT DO NOTHING;

INSERT INTO flow_runs (id, flow_id, org_id, started_at, duration_ms, outcome, triggered_policy_ids, metadata) VALUES
    ('frun_dental_1', 'flow_dental_booking', 'org_dental', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-9 days'), 1840, 'success', '[]', '{}'),
    ('frun_dental_2', 'flow_dental_booking', 'org_dental', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-4 days'), 920, 'handoff', '["kpol_dental_complaints"]', '{}'),
    ('frun_dental_3', 'flow_dental_booking', 'org_dental', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 days'), 2110, 'success', '[]', '{}'),
    ('frun_chadis_1', 'flow_chadis_sales', 'org_chadis', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-6 days'), 1530, 'success', '[]', '{}'),
    ('frun_chadis_2', 'flow_chadis_sales', 'org_chadis', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-2 days'), 640, 'failed', '[]', '{}')
ON CONFLICT DO NOTHING;

INSERT INTO action_definitions (id, org_id, key, name, description, handler_url, timeout_ms, retry_policy, max_retries, metadata, created_by, created_at, updated_at) VALUES
    ('act_dental_appointment', 'org_dental', 'create_appointment_request', 'Create appointment request', 'Writes a request into the practice calendar.', 'https://calendar.brightsmile.example/requests', 15000, 'exponential', 3, '{}', 'usr_demo_admin', '2025-01-24T09:00:00.000Z', '2025-01-24T09:00:00.000Z'),
    ('act_dental_text', 'org_dental', 'send_text_message', 'Send text message', 'Sends a reminder to the phone of a patient.', 'https://messages.brightsmile.example/send', 10000, 'fixed', 2, '{}', 'usr_demo_admin', '2025-01-24T09:05:00.000Z', '2025-01-24T09:05:00.000Z'),
    ('act_dental_front_desk', 'org_dental', 'notify_front_desk', 'Notify the front desk', 'Tells the front desk that a visitor wants to speak to a person.', NULL, 5000, 'none', 0, '{}', 'usr_demo_owner', '2025-01-24T09:10:00.000Z', '2025-01-24T09:10:00.000Z'),
    ('act_chadis_lead', 'org_chadis', 'create_lead', 'Create lead', 'Creates a lead in the customer database.', 'https://crm.chadis.example/leads', 15000, 'exponential', 5, '{}', 'usr_demo_other', '2025-02-10T09:00:00.000Z', '2025-02-10T09:00:00.000Z'),
    ('act_chadis_offer', 'org_chadis', 'send_offer', 'Send offer', 'Sends a written offer by e-mail.', NULL, 30000, 'fixed', 3, '{}', 'usr_demo_other', '2025-02-10T09:05:00.000Z', '2025-02-10T09:05:00.000Z')
ON CONFLICT DO NOTHING;

-- No run is pending or waiting for a retry, so a local queue worker finds nothing to send out.
INSERT INTO action_runs (id, action_id, org_id, status, attempt, max_retries, retry_policy, trigger_source, idempotency_key, flow_id, flow_run_id, input, output, error, started_at, completed_at, last_error_at, metadata, created_at) VALUES
    ('arun_dental_1', 'act_dental_appointment', 'org_dental', 'succeeded', 1, 3, 'exponential', 'flow', 'demo-dental-1', 'flow_dental_booking', 'frun_dental_1', '{"name":"Dana","reason":"cleaning"}', '{"requestId":"req_1001"}', NULL,
     strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-9 days', '+1 seconds'), strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-9 days', '+3 seconds'), NULL, '{}', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-9 days')),
    ('arun_dental_2', 'act_dental_appointment', 'org_dental', 'succeeded', 2, 3, 'exponential', 'flow', 'demo-dental-2', 'flow_dental_booking', 'frun_dental_3', '{"name":"Alex","reason":"check-up"}', '{"requestId":"req_1002"}', NULL,
     strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 days', '+1 seconds'), strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 days', '+9 seconds'), strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 days', '+4 seconds'), '{}', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 days')),
    ('arun_dental_3', 'act_dental_text', 'org_dental', 'failed', 2, 2, 'fixed', 'schedule', NULL, NULL, NULL, '{"phone":"555-010-4402"}', NULL, 'The message service answered 503',
     strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-3 days', '+1 seconds'), strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-3 days', '+31 seconds'), strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-3 days', '+31 seconds'), '{}', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-3 days')),
    ('arun_chadis_1', 'act_chadis_lead', 'org_chadis', 'succeeded', 1, 5, 'exponential', 'flow', 'demo-chadis-1', 'flow_chadis_sales', 'frun_chadis_1', '{"practice":"Lakeside Pediatrics"}', '{"leadId":"lead_301"}', NULL,
     strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-6 days', '+1 seconds'), strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-6 days', '+2 seconds'), NULL, '{}', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-6 days')),
    ('arun_chadis_2', 'act_chadis_offer', 'org_chadis', 'canceled', 0, 3, 'fixed', 'api', NULL, NULL, NULL, '{"practice":"Lakeside Pediatrics"}', NULL, NULL,
     NULL, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-5 days', '+60 seconds'), NULL, '{}', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-5 days'))
ON CONFLICT DO NOTHING;

INSERT INTO integration_connections (id, org_id, connector, status, credentials, last_refreshed_at, health_status, health_detail, created_at, updated_at) VALUES
    ('conn_dental_dentrix', 'org_dental', 'dentrix', 'connected', '{}', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-2 hours'), 'healthy', NULL, '2025-01-23T09:00:00.000Z', '2025-01-23T09:00:00.000Z'),
    ('conn_dental_calendar', 'org_dental', 'google_calendar', 'connected', '{}', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-5 hours'), 'warning', 'The last sync took longer than usual', '2025-01-23T09:10:00.000Z', '2025-02-01T09:10:00.000Z'),
    ('conn_dental_twilio', 'org_dental', 'twilio', 'error', '{}', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-3 days'), 'error', 'The service refused the credentials', '2025-01-23T09:20:00.000Z', '2025-03-02T09:20:00.000Z'),
    ('conn_chadis_salesforce', 'org_chadis', 'salesforce', 'connected', '{}', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hours'), 'healthy', NULL, '2025-02-10T08:30:00.000Z', '2025-02-10T08:30:00.000Z'),
    ('conn_chadis_sendgrid', 'org_chadis', 'sendgrid', 'connected', '{}', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-20 hours'), 'healthy', NULL, '2025-02-10T08:40:00.000Z', '2025-02-10T08:40:00.000Z'),
    ('conn_chadis_segment', 'org_chadis', 'segment', 'pending', '{}', NULL, 'healthy', NULL, '2025-03-18T08:40:00.000Z', '2025-03-18T08:40:00.000Z')
ON CONFLICT DO NOTHING;

INSERT INTO outcome_events (id, org_id, action_run_id, outcome_type, label, amount_cents, currency, recorded_at, metadata) VALUES
    ('out_dental_1', 'org_dental', 'arun_dental_1', 'appointment_booked', 'Cleaning for a new patient', 9500, 'USD', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-9 days', '+5 seconds'), '{}'),
    ('out_dental_2', 'org_dental', NULL, 'lead_captured', 'Asked for whitening in the chair', 35000, 'USD', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-7 days'), '{}'),
    ('out_dental_3', 'org_dental', 'arun_dental_2', 'appointment_booked', 'Check-up', 8500, 'USD', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 days', '+10 seconds'), '{}'),
    ('out_dental_4', 'org_dental', NULL, 'call_deflected', 'Question about opening hours', NULL, 'USD', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-2 days'), '{}'),
    ('out_chadis_1', 'org_chadis', 'arun_chadis_1', 'lead_captured', 'Offer for four clinicians', 480000, 'USD', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-6 days', '+5 seconds'), '{}'),
    ('out_chadis_2', 'org_chadis', NULL, 'ticket_deflected', 'Question about setup time', NULL, 'USD', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-3 days'), '{}')
ON CONFLICT DO NOTHING;

-- The trail refuses an entry that is there, also where a conflict would be ignored.
WITH entries (id, org_id, actor_type, actor_id, event_type, target_type, target_id, metadata, created_at) AS (VALUES
    ('aud_dental_1', 'org_dental', 'user', 'usr_demo_admin', 'flow.created', 'flow', 'flow_dental_booking', '{}', '2025-01-24T10:00:00.000Z'),
    ('aud_dental_2', 'org_dental', 'user', 'usr_demo_owner', 'flow.published', 'flow', 'flow_dental_booking', '{"version":2}', '2025-02-10T09:00:00.000Z'),
    ('aud_dental_3', 'org_dental', 'user', 'usr_demo_owner', 'knowledge.document.uploaded', 'knowledge_document', 'kdoc_dental_fees', '{"title":"Fees, insurance and payment"}', '2025-02-18T10:00:00.000Z'),
    ('aud_dental_4', 'org_dental', 'system', NULL, 'action_run.failed', 'action_run', 'arun_dental_3', '{"attempt":2}', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-3 days', '+31 seconds')),
    ('aud_dental_5', 'org_dental', 'system', NULL, 'action_run.completed', 'action_run', 'arun_dental_2', '{"attempt":2}', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 days', '+9 seconds')),
    ('aud_dental_6', 'org_dental', 'integration', 'twilio', 'integration.health_check', 'integration', 'conn_dental_twilio', '{"health":"error"}', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-3 days')),
    ('aud_chadis_1', 'org_chadis', 'user', 'usr_demo_other', 'flow.published', 'flow', 'flow_chadis_sales', '{"version":1}', '2025-02-14T15:00:00.000Z'),
    ('aud_chadis_2', 'org_chadis', 'user', 'usr_demo_staff', 'org.membership_cap_updated', 'org', 'org_chadis', '{"maxMembers":10,"previousValue":5}', '2025-02-17T16:20:00.000Z'),
    ('aud_chadis_3', 'org_chadis', 'integration', 'salesforce', 'integration.refreshed', 'integration', 'conn_chadis_salesforce', '{}', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hours'))
)
INSERT INTO audit_logs (id, org_id, actor_type, actor_id, event_type, target_type, target_id, metadata, created_at)
SELECT e.* FROM entries e WHERE NOT EXISTS (SELECT 1 FROM audit_logs a WHERE a.id = e.id);

-- Days are long enough that a local retention job does not remove the seeded history.
INSERT INTO retention_policies (id, org_id, data_type, ttl_days, apply_anonymization, created_at, updated_at) VALUES
    ('ret_dental_messages', 'org_dental', 'chat_messages', 365, 1, '2025-01-25T09:00:00.000Z', '2025-01-25T09:00:00.000Z'),
    ('ret_dental_sessions', 'org_dental', 'chat_sessions', 365, 0, '2025-01-25T09:00:00.000Z', '2025-01-25T09:00:00.000Z'),
    ('ret_dental_audit', 'org_dental', 'audit_logs', 2555, 0, '2025-01-25T09:00:00.000Z', '2025-01-25T09:00:00.000Z'),
    ('ret_dental_runs', 'org_dental', 'action_runs', 180, 0, '2025-01-25T09:00:00.000Z', '2025-01-25T09:00:00.000Z'),
    ('ret_chadis_messages', 'org_chadis', 'chat_messages', 90, 1, '2025-02-11T09:00:00.000Z', '2025-02-11T09:00:00.000Z'),
    ('ret_chadis_sessions', 'org_chadis', 'chat_sessions', 90, 1, '2025-02-11T09:00:00.000Z', '2025-02-11T09:00:00.000Z'),
    ('ret_chadis_audit', 'org_chadis', 'audit_logs', 2555, 0, '2025-02-11T09:00:00.000Z', '2025-02-11T09:00:00.000Z')
ON CONFLICT DO NOTHING;

INSERT INTO portal_config (id, org_id, branding, enabled_modules, custom_cards, settings, created_at, updated_at) VALUES
    ('pcfg_dental', 'org_dental',
     '{"company_name":"Bright Smile Dental Group","logo_url":null,"primary_color":"#0ea5e9"}',
     '["overview","engines","workflows","outcomes","knowledge","integrations","insights","team"]',
     '[{"id":"card_dental_locations","title":"Locations","value":"1","order":1},{"id":"card_dental_emergency","title":"Emergency slots a day","value":"2","note":"Kept free until noon","order":2},{"id":"card_dental_goal","title":"Bookings goal","value":"40","note":"For each month","order":3}]',
     '{"timezone":"America/New_York"}', '2025-01-15T09:40:00.000Z', '2025-01-15T09:40:00.000Z'),
    ('pcfg_chadis', 'org_chadis',
     '{"company_name":"CHADIS","logo_url":null,"primary_color":"#16a34a"}',
     '["overview","engines","insights","team"]',
     '[{"id":"card_chadis_reply","title":"Offer sent within","value":"2 days","order":1}]',
     '{}', '2025-02-03T15:10:00.000Z', '2025-02-03T15:10:00.000Z')
ON CONFLICT DO NOTHING;
