-- Thirty days of history up to today, for local use.
-- Every number and every id follows from the day itself, so a second run on the same day adds nothing and a run
-- on a later day adds the missing days.

-- Counters for each active site and day. day_number counts days since 1970-01-01.
WITH RECURSIVE past (days_ago) AS (
    SELECT 0 UNION ALL SELECT days_ago + 1 FROM past WHERE days_ago < 29
),
day (date, day_number, is_weekend) AS (
    SELECT date('now', '-' || days_ago || ' days'),
           CAST(strftime('%s', date('now', '-' || days_ago || ' days')) AS INTEGER) / 86400,
           strftime('%w', 'now', '-' || days_ago || ' days') IN ('0', '6')
    FROM past
),
site (org_id, site_id, base_sessions, base_latency_ms, seed) AS (VALUES
    ('org_dental', 'site_dental_web', 14, 780, 3),
    ('org_dental', 'site_dental_phone', 6, 1150, 5),
    ('org_chadis', 'site_chadis_web', 9, 860, 7)
),
volume AS (
    SELECT org_id, site_id, date, day_number, seed,
           (base_sessions + (day_number * seed) % 9) / iif(is_weekend, 2, 1) AS sessions,
           base_latency_ms + (day_number * seed * 11) % 240 AS latency_ms
    FROM site CROSS JOIN day
),
traffic AS (
    SELECT org_id, site_id, date, day_number, seed, sessions, latency_ms, sessions * 2 + (day_number * seed) % 5 AS answers FROM volume
)
INSERT INTO metrics_daily (id, org_id, site_id, date, total_sessions, total_messages, avg_latency_ms, total_tokens, unique_visitors,
                           leads_captured, appointments_booked, answers, latency_ms_total, hours, topics, unanswered, created_at)
SELECT org_id || '_' || site_id || '_' || date, org_id, site_id, date, sessions, answers * 2, CAST(latency_ms AS REAL), answers * (310 + day_number % 40),
       sessions - sessions / 6, 1 + (day_number + seed) % 3, (day_number + seed) % 2, answers, answers * latency_ms,
       -- A third each before noon and after it, the rest between.
       json_object(CAST(9 + day_number % 2 AS TEXT), sessions / 3, CAST(14 + (day_number + seed) % 3 AS TEXT), sessions / 3,
                   '12', sessions - 2 * (sessions / 3)),
       iif(org_id = 'org_dental',
           json_object('Fees, insurance and payment', answers / 3, 'Hours and location', answers / 4,
                       'Appointments and cancellations', answers / 5, 'Emergencies and care for children', answers / 8),
           json_object('What CHADIS is', answers / 3, 'Health record integration and privacy', answers / 4, 'Questionnaires', answers / 6)),
       (day_number + seed) % 4, date || 'T00:00:00.000Z'
FROM traffic WHERE true
ON CONFLICT DO NOTHING;

-- Daily sums of each organisation, and of all organisations together under the scope *.
WITH scoped AS (
    SELECT org_id AS scope_id, * FROM metrics_daily
    UNION ALL SELECT '*', * FROM metrics_daily
),
hour AS (
    SELECT scope_id, date, key, SUM(value) AS sessions FROM scoped, json_each(scoped.hours) GROUP BY scope_id, date, key
),
topic AS (
    SELECT scope_id, date, key, SUM(value) AS questions FROM scoped, json_each(scoped.topics) GROUP BY scope_id, date, key
)
INSERT INTO metrics_rollup (scope_id, date, sessions, messages, answers, latency_ms_total, tokens, unique_visitors, leads, appointments,
                            unanswered, hours, topics)
SELECT scope_id, date, SUM(total_sessions), SUM(total_messages), SUM(answers), SUM(latency_ms_total), SUM(total_tokens), SUM(unique_visitors),
       SUM(leads_captured), SUM(appointments_booked), SUM(unanswered),
       (SELECT json_group_object(key, sessions) FROM hour WHERE hour.scope_id = scoped.scope_id AND hour.date = scoped.date),
       (SELECT json_group_object(key, questions) FROM topic WHERE topic.scope_id = scoped.scope_id AND topic.date = scoped.date)
FROM scoped WHERE true GROUP BY scope_id, date
ON CONFLICT (scope_id, date) DO UPDATE SET
    sessions = excluded.sessions, messages = excluded.messages, answers = excluded.answers, latency_ms_total = excluded.latency_ms_total,
    tokens = excluded.tokens, unique_visitors = excluded.unique_visitors, leads = excluded.leads, appointments = excluded.appointments,
    unanswered = excluded.unanswered, hours = excluded.hours, topics = excluded.topics;

-- Eight finished conversations for each client organisation, one every four days, back to 32 days ago. The script
-- that a day plays follows from its number, so eight such days in a row play all eight scripts once.
-- message_count is the number of lines of the script below.
WITH RECURSIVE past (days_ago) AS (
    SELECT 1 UNION ALL SELECT days_ago + 1 FROM past WHERE days_ago < 32
),
day (date, day_number) AS (
    SELECT date('now', '-' || days_ago || ' days'), CAST(strftime('%s', date('now', '-' || days_ago || ' days')) AS INTEGER) / 86400 FROM past
),
script (org_id, prefix, script, site_id, starts_at, message_count, status, metadata) AS (VALUES
    ('org_dental', 'ses_dental_', 0, 'site_dental_web', '09:12:00', 4, 'completed', '{"page":"/visit/hours"}'),
    ('org_dental', 'ses_dental_', 1, 'site_dental_web', '13:40:00', 4, 'completed', '{"page":"/fees"}'),
    ('org_dental', 'ses_dental_', 2, 'site_dental_phone', '08:05:00', 6, 'completed', '{"channel":"phone"}'),
    ('org_dental', 'ses_dental_', 3, 'site_dental_web', '18:27:00', 2, 'abandoned', '{"page":"/"}'),
    ('org_dental', 'ses_dental_', 4, 'site_dental_web', '11:03:00', 6, 'completed', '{"page":"/book"}'),
    ('org_dental', 'ses_dental_', 5, 'site_dental_web', '15:51:00', 4, 'completed', '{"page":"/care"}'),
    ('org_dental', 'ses_dental_', 6, 'site_dental_phone', '16:20:00', 4, 'completed', '{"channel":"phone"}'),
    ('org_dental', 'ses_dental_', 7, 'site_dental_web', '20:44:00', 2, 'abandoned', '{"page":"/visit/parking"}'),
    ('org_chadis', 'ses_chadis_', 0, 'site_chadis_web', '10:08:00', 4, 'completed', '{"page":"/"}'),
    ('org_chadis', 'ses_chadis_', 1, 'site_chadis_web', '14:31:00', 4, 'completed', '{"page":"/integration"}'),
    ('org_chadis', 'ses_chadis_', 2, 'site_chadis_web', '09:47:00', 6, 'completed', '{"page":"/pricing"}'),
    ('org_chadis', 'ses_chadis_', 3, 'site_chadis_web', '19:15:00', 2, 'abandoned', '{"page":"/families"}'),
    ('org_chadis', 'ses_chadis_', 4, 'site_chadis_web', '12:22:00', 4, 'completed', '{"page":"/privacy"}'),
    ('org_chadis', 'ses_chadis_', 5, 'site_chadis_web', '16:58:00', 2, 'completed', '{"page":"/questionnaires"}'),
    ('org_chadis', 'ses_chadis_', 6, 'site_chadis_web', '11:36:00', 4, 'completed', '{"page":"/help"}'),
    ('org_chadis', 'ses_chadis_', 7, 'site_chadis_web', '15:02:00', 2, 'abandoned', '{"page":"/help/support"}')
)
INSERT INTO chat_sessions (id, site_id, org_id, visitor_id, started_at, ended_at, message_count, status, metadata, last_message_at)
SELECT prefix || date, site_id, org_id, 'vis_demo_' || script || '_' || substr(org_id, 5),
       date || 'T' || starts_at || '.000Z',
       strftime('%Y-%m-%dT%H:%M:%fZ', date || ' ' || starts_at, '+' || (message_count * 40 + 90) || ' seconds'),
       message_count, status, metadata,
       strftime('%Y-%m-%dT%H:%M:%fZ', date || ' ' || starts_at, '+' || (message_count * 40 - 40) || ' seconds')
FROM day JOIN script ON script.script = (day_number / 4) % 8 WHERE day_number % 4 = 0
ON CONFLICT DO NOTHING;

-- What was said in them, one line every forty seconds. Even lines are answers.
WITH RECURSIVE past (days_ago) AS (
    SELECT 1 UNION ALL SELECT days_ago + 1 FROM past WHERE days_ago < 32
),
day (date, day_number) AS (
    SELECT date('now', '-' || days_ago || ' days'), CAST(strftime('%s', date('now', '-' || days_ago || ' days')) AS INTEGER) / 86400 FROM past
),
line (prefix, script, position, content) AS (VALUES
    ('dental_', 0, 1, 'Hi, are you open on Saturday?'),
    ('dental_', 0, 2, 'Yes, Bright Smile Dental is open on Saturday from 9:00 to 1:00. Saturdays are for cleanings, check-ups and children.'),
    ('dental_', 0, 3, 'Great. How far ahead do I need to book?'),
    ('dental_', 0, 4, 'Saturday appointments usually fill up about three weeks ahead. Shall I note a day that suits you?'),
    ('dental_', 1, 1, 'How much is a cleaning?'),
    ('dental_', 1, 2, 'A regular cleaning for an adult costs $95 and takes about 45 minutes. For a child under twelve it is $70.'),
    ('dental_', 1, 3, 'Do you take Delta Dental?'),
    ('dental_', 1, 4, 'Yes, we are in network with Delta Dental. Please bring your insurance card and a photo ID to the first visit.'),
    ('dental_', 2, 1, 'I broke a tooth this morning, what should I do?'),
    ('dental_', 2, 2, 'I am sorry to hear that. We keep two slots free every day for emergencies. Can you come in this morning?'),
    ('dental_', 2, 3, 'Yes, at ten. What does it cost?'),
    ('dental_', 2, 4, 'The emergency examination costs $85 and is credited towards the treatment.'),
    ('dental_', 2, 5, 'Fine. My number is 555-010-4471.'),
    ('dental_', 2, 6, 'Thank you. The front desk will call you within ten minutes to confirm ten o''clock.'),
    ('dental_', 3, 1, 'Do you do braces?'),
    ('dental_', 3, 2, 'I could not find that in our information. Call Bright Smile Dental at (555) 010-2233 or write to hello@brightsmile.example.'),
    ('dental_', 4, 1, 'I would like to book a first visit.'),
    ('dental_', 4, 2, 'With pleasure. New patients usually get a first visit within seven working days. What is your name?'),
    ('dental_', 4, 3, 'Dana Whitfield, dana.whitfield@example.com'),
    ('dental_', 4, 4, 'Thank you, Dana. Do you prefer a morning or an afternoon?'),
    ('dental_', 4, 5, 'Morning, any weekday.'),
    ('dental_', 4, 6, 'Noted. The front desk will write to you with two suggestions today. Please plan fifteen minutes for the medical history.'),
    ('dental_', 5, 1, 'My daughter is two and has never been to a dentist.'),
    ('dental_', 5, 2, 'That is a good age to begin. Check-ups for children take twenty minutes, and you may stay in the room the whole time.'),
    ('dental_', 5, 3, 'Is there a day with fewer adults around?'),
    ('dental_', 5, 4, 'Yes, Saturday mornings are reserved for families.'),
    ('dental_', 6, 1, 'I need to move my appointment tomorrow.'),
    ('dental_', 6, 2, 'You can move it free of charge until 24 hours before it starts. Which day would suit you better?'),
    ('dental_', 6, 3, 'Next Tuesday after three.'),
    ('dental_', 6, 4, 'I passed that on. The front desk will confirm the new time by phone this afternoon.'),
    ('dental_', 7, 1, 'Where can I park?'),
    ('dental_', 7, 2, 'Parking is free for two hours in the garage behind the building. Enter from Third Street and bring the ticket to the front desk.'),
    ('chadis_', 0, 1, 'What does CHADIS actually do?'),
    ('chadis_', 0, 2, 'CHADIS lets families answer questionnaires online before a visit. The answers are scored at once and shown to the clinician.'),
    ('chadis_', 0, 3, 'Do parents have to install something?'),
    ('chadis_', 0, 4, 'No. Families use a link on a phone, a tablet or a computer, without an app.'),
    ('chadis_', 1, 1, 'Do you integrate with Epic?'),
    ('chadis_', 1, 2, 'Yes. CHADIS connects to Epic and other health records through HL7 and FHIR interfaces.'),
    ('chadis_', 1, 3, 'How long does that take?'),
    ('chadis_', 1, 4, 'Plan six to ten weeks with an interface. Without one, setup takes about two weeks including training.'),
    ('chadis_', 2, 1, 'How much is it for four pediatricians?'),
    ('chadis_', 2, 2, 'The price depends on the number of clinicians and on whether you need an interface, so we make a written offer.'),
    ('chadis_', 2, 3, 'OK, please send one to office@lakeside.example.com'),
    ('chadis_', 2, 4, 'Thank you. May I have the name of the practice?'),
    ('chadis_', 2, 5, 'Lakeside Pediatrics'),
    ('chadis_', 2, 6, 'Noted. You will receive a written offer within two working days.'),
    ('chadis_', 3, 1, 'Can I see the results of my son here?'),
    ('chadis_', 3, 2, 'I cannot see or discuss results. Please ask your practice, or sign in to your own account.'),
    ('chadis_', 4, 1, 'Where is the data stored?'),
    ('chadis_', 4, 2, 'In the United States, encrypted in transit and at rest. CHADIS signs a business associate agreement with every practice.'),
    ('chadis_', 4, 3, 'Can a family ask for deletion?'),
    ('chadis_', 4, 4, 'Yes. Parents own their account, can download what they submitted and can ask for deletion.'),
    ('chadis_', 5, 1, 'Do you have questionnaires in Vietnamese?'),
    ('chadis_', 5, 2, 'Yes. The most common screening tools are available in twelve further languages, and Vietnamese is among them.'),
    ('chadis_', 6, 1, 'Is there training for the front desk?'),
    ('chadis_', 6, 2, 'Yes. Every new practice gets two live sessions of one hour, and one of them is for the front desk.'),
    ('chadis_', 6, 3, 'Can we watch it later?'),
    ('chadis_', 6, 4, 'Yes, both sessions are recorded.'),
    ('chadis_', 7, 1, 'I forgot my password and it is Saturday.'),
    ('chadis_', 7, 2, 'Support is available Monday to Friday from 8:00 to 8:00 Eastern Time. Write to support@chadis.example and we answer first thing on Monday.')
)
INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, latency_ms, tokens_used, created_at)
SELECT 'msg_' || line.prefix || day.date || '_' || line.position, chat_sessions.id, chat_sessions.site_id, chat_sessions.org_id,
       iif(line.position % 2 = 1, 'user', 'assistant'), line.content,
       iif(line.position % 2 = 1, NULL, 700 + (day.day_number * line.position * 13) % 500),
       iif(line.position % 2 = 1, NULL, 180 + length(line.content) / 4),
       strftime('%Y-%m-%dT%H:%M:%fZ', chat_sessions.started_at, '+' || ((line.position - 1) * 40) || ' seconds')
FROM day
JOIN line ON line.script = (day.day_number / 4) % 8
JOIN chat_sessions ON chat_sessions.id = 'ses_' || line.prefix || day.date
WHERE day.day_number % 4 = 0
ON CONFLICT DO NOTHING;

-- One conversation for each organisation that is going on at the moment of seeding.
INSERT INTO chat_sessions (id, site_id, org_id, visitor_id, started_at, message_count, status, metadata, last_message_at) VALUES
    ('ses_dental_now_' || date('now'), 'site_dental_web', 'org_dental', 'vis_demo_now_dental', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-40 seconds'), 2, 'active', '{"page":"/fees"}', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    ('ses_chadis_now_' || date('now'), 'site_chadis_web', 'org_chadis', 'vis_demo_now_chadis', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-40 seconds'), 2, 'active', '{"page":"/"}', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
ON CONFLICT DO NOTHING;

WITH line (prefix, position, content, latency_ms, tokens_used) AS (VALUES
    ('dental_now_', 1, 'What does whitening cost?', NULL, NULL),
    ('dental_now_', 2, 'Whitening in the chair costs $350. Take-home whitening with custom trays costs $220.', 812, 204),
    ('chadis_now_', 1, 'Which age groups is CHADIS for?', NULL, NULL),
    ('chadis_now_', 2, 'CHADIS is made for pediatric practices, with questionnaires for parents, teenagers and teachers.', 934, 211)
)
INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, latency_ms, tokens_used, created_at)
SELECT 'msg_' || line.prefix || date('now') || '_' || line.position, chat_sessions.id, chat_sessions.site_id, chat_sessions.org_id,
       iif(line.position = 1, 'user', 'assistant'), line.content, line.latency_ms, line.tokens_used,
       iif(line.position = 1, chat_sessions.started_at, chat_sessions.last_message_at)
FROM line JOIN chat_sessions ON chat_sessions.id = 'ses_' || line.prefix || date('now') WHERE true
ON CONFLICT DO NOTHING;

-- Questions of theirs that nothing was found for.
UPDATE chat_messages SET unanswered = 1
WHERE role = 'user' AND org_id IN ('org_dental', 'org_chadis')
  AND content IN ('Do you do braces?', 'Can I see the results of my son here?');

-- What each visitor said first.
UPDATE chat_sessions SET preview = (
    SELECT substr(m.content, 1, 160) FROM chat_messages m
    WHERE m.session_id = chat_sessions.id AND m.role = 'user' ORDER BY m.created_at, m.id LIMIT 1
) WHERE org_id IN ('org_dental', 'org_chadis') AND preview IS NULL;

-- The last message of each day.
UPDATE metrics_rollup SET last_message_at = (
    SELECT MAX(last_message_at) FROM chat_sessions
    WHERE (metrics_rollup.scope_id = '*' OR chat_sessions.org_id = metrics_rollup.scope_id)
      AND chat_sessions.started_at >= metrics_rollup.date AND chat_sessions.started_at < metrics_rollup.date || 'U'
);
