-- Sites for local use. The keys exist in this file only and open nothing elsewhere. No provider keys.

INSERT INTO portal_sites (id, org_id, site_key, name, type, domain, system_prompt, config, status, allowed_origins, keyless_origin, created_at, updated_at) VALUES
    ('site_dental_web', 'org_dental', 'sk_dental_dev_7hQ2mXw9', 'Bright Smile website', 'chatbot', 'brightsmile.example',
     'You are the assistant of Bright Smile Dental Group. Answer in a warm and plain tone, in at most four sentences. Answer only from the passages you are given. Never give a diagnosis. When someone describes severe pain, swelling or bleeding, tell them to call the practice now.',
     '{"contact_line":"Call Bright Smile Dental at (555) 010-2233 or write to hello@brightsmile.example."}', 'active',
     '["https://brightsmile.example","https://www.brightsmile.example","http://localhost:3000","http://127.0.0.1:8787"]', 'https://brightsmile.example',
     '2025-01-15T09:30:00.000Z', '2025-01-15T09:30:00.000Z'),
    ('site_dental_phone', 'org_dental', 'sk_dentalphone_dev_4kT8sLp1', 'Bright Smile phone line', 'voice', NULL,
     'You answer the telephone for Bright Smile Dental Group. Speak in short sentences. Ask one question at a time.',
     '{"contact_line":"Please hold while I connect you to the front desk of Bright Smile Dental."}', 'active',
     '["http://localhost:3000","http://127.0.0.1:8787"]', NULL,
     '2025-01-22T10:00:00.000Z', '2025-01-22T10:00:00.000Z'),
    ('site_chadis_web', 'org_chadis', 'sk_chadis_dev_9cV3nRz6', 'CHADIS website', 'chatbot', 'chadis.example',
     'You are the assistant on the CHADIS website. You help pediatric practices and families with questions about the product. Never discuss the results of a child.',
     '{"contact_line":"Write to the CHADIS team at support@chadis.example or call (555) 010-7788."}', 'active',
     '["https://chadis.example","https://*.chadis.example","http://localhost:3000","http://127.0.0.1:8787"]', 'https://chadis.example',
     '2025-02-03T15:00:00.000Z', '2025-02-03T15:00:00.000Z'),
    ('site_chadis_old', 'org_chadis', 'sk_chadisold_dev_2bN5yJd8', 'CHADIS legacy pages', 'chatbot', 'old.chadis.example', NULL, '{}', 'paused',
     '["https://old.chadis.example","http://localhost:3000","http://127.0.0.1:8787"]', NULL,
     '2025-02-04T09:00:00.000Z', '2025-05-12T16:00:00.000Z'),
    ('site_closed_web', 'org_closed', 'sk_closed_dev_6gF1qWe3', 'Closed Practice website', 'chatbot', 'closedpractice.example', NULL, '{}', 'active',
     '["https://closedpractice.example","http://localhost:3000","http://127.0.0.1:8787"]', NULL,
     '2025-01-20T12:00:00.000Z', '2025-01-20T12:00:00.000Z')
ON CONFLICT DO NOTHING;
