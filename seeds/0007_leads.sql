-- People who left a way to be reached in the conversations of 0004, for local use. Each follows from a conversation,
-- so a second run adds nothing and a run on a later day adds those of the days that are new.
WITH lead (visitor_id, name, email, phone, company, message, status, notes, assigned_to, source) AS (VALUES
    ('vis_demo_2_dental', 'Rosa Lindgren', NULL, '555-010-4471', NULL, 'Broken tooth, can come at ten.', 'won', 'Came in the same morning.', 'usr_demo_member', 'voice'),
    ('vis_demo_4_dental', 'Dana Whitfield', 'dana.whitfield@example.com', NULL, NULL, 'First visit, mornings, any weekday.', 'contacted', 'Two suggestions sent by mail.', 'usr_demo_member', 'chat'),
    ('vis_demo_5_dental', 'Imani Brooks', 'imani.brooks@example.com', '555-010-9823', NULL, 'First check-up of a two-year-old, a Saturday.', 'new', NULL, NULL, 'chat'),
    ('vis_demo_6_dental', 'Peter Novak', NULL, '555-010-7716', NULL, 'Wants to move an appointment to Tuesday after three.', 'lost', 'Had been moved by the front desk already.', NULL, 'voice'),
    ('vis_demo_1_chadis', 'Yusuf Demir', 'y.demir@northclinic.example.com', NULL, 'North Clinic', 'Wants to know about the interface to Epic.', 'new', NULL, NULL, 'chat'),
    ('vis_demo_2_chadis', NULL, 'office@lakeside.example.com', NULL, 'Lakeside Pediatrics', 'A written offer for four pediatricians.', 'qualified', NULL, 'usr_demo_other', 'chat')
)
INSERT INTO leads (id, org_id, site_id, session_id, visitor_id, name, email, phone, company, message, status, notes,
                   assigned_to, source, consent_text, created_at, updated_at)
SELECT 'lead_' || substr(s.id, 5), s.org_id, s.site_id, s.id, s.visitor_id, lead.name, lead.email, lead.phone, lead.company,
       lead.message, lead.status, lead.notes, lead.assigned_to, lead.source, 'You may contact me about my request.',
       s.last_message_at, s.ended_at
FROM lead JOIN chat_sessions s ON s.visitor_id = lead.visitor_id AND s.org_id IN ('org_dental', 'org_chadis') WHERE true
ON CONFLICT DO NOTHING;
