-- How the demo site is embedded, for local use: one look, a deployment for developers and one for the public. The keys
-- exist in this file only and open nothing elsewhere.

INSERT INTO widget_profiles (id, org_id, name, description, theme, behavior, locale, analytics, created_at, updated_at) VALUES
    ('wprof_dental', 'org_dental', 'Bright Smile', 'Teal, with the name of the practice.',
     '{"primaryColor":"#0f766e","headerText":"Bright Smile Dental","placeholderText":"Ask us anything..."}',
     '{"triggerMessages":["Looking for an appointment?"]}',
     '{"greeting":"Hello from Bright Smile! Ask about prices, opening hours or your next visit."}',
     '{"customEvents":["booking_opened"]}',
     '2026-01-10T09:00:00.000Z', '2026-01-10T09:00:00.000Z')
ON CONFLICT DO NOTHING;

INSERT INTO site_deployments (id, site_id, org_id, environment, deploy_key, widget_profile_id, allowed_origins, status, created_at, updated_at, deployed_at) VALUES
    ('wdep_dental_dev', 'site_dental_web', 'org_dental', 'development', 'dk_dental_dev_5mJ8qTz2', 'wprof_dental',
     '["http://localhost:3000","http://localhost:8787","http://127.0.0.1:8787"]', 'active',
     '2026-01-10T09:05:00.000Z', '2026-01-10T09:05:00.000Z', '2026-01-10T09:05:00.000Z'),
    ('wdep_dental_live', 'site_dental_web', 'org_dental', 'production', 'dk_dental_live_8rW3xKb6', 'wprof_dental',
     '["https://brightsmile.example","https://*.brightsmile.example"]', 'active',
     '2026-01-10T09:10:00.000Z', '2026-01-10T09:10:00.000Z', '2026-01-10T09:10:00.000Z')
ON CONFLICT DO NOTHING;

INSERT INTO site_keys (key, site_id, org_id, deployment_id, expires_at, created_at) VALUES
    ('dk_dental_dev_5mJ8qTz2', 'site_dental_web', 'org_dental', 'wdep_dental_dev', NULL, '2026-01-10T09:05:00.000Z'),
    ('dk_dental_live_8rW3xKb6', 'site_dental_web', 'org_dental', 'wdep_dental_live', NULL, '2026-01-10T09:10:00.000Z')
ON CONFLICT DO NOTHING;
