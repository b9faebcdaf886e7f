-- Organisations, people and memberships for local use.

INSERT INTO orgs (id, clerk_org_id, name, slug, status, plan, max_members, created_at, updated_at) VALUES
    ('org_dental', 'org_clerk_demo_dental', 'Bright Smile Dental Group', 'bright-smile-dental', 'active', 'bundle', 10, '2025-01-15T09:00:00.000Z', '2025-01-15T09:00:00.000Z'),
    ('org_chadis', 'org_clerk_demo_chadis', 'CHADIS', 'chadis', 'active', 'chatbot', 10, '2025-02-03T14:30:00.000Z', '2025-02-03T14:30:00.000Z'),
    ('org_koby_internal', NULL, 'Koby', 'koby', 'active', 'enterprise', 50, '2025-01-02T08:00:00.000Z', '2025-01-02T08:00:00.000Z'),
    ('org_closed', NULL, 'Closed Practice', 'closed-practice', 'churned', 'chatbot', 10, '2025-01-20T11:15:00.000Z', '2025-04-30T17:00:00.000Z')
ON CONFLICT DO NOTHING;

-- user_demo_new is left out on purpose: it is the person who signs in for the first time.
INSERT INTO users (id, clerk_user_id, email, name, is_koby_staff, status, created_at, updated_at) VALUES
    ('usr_demo_owner', 'user_demo_owner', 'olivia.hart@brightsmile.example.com', 'Olivia Hart', 0, 'active', '2025-01-15T09:05:00.000Z', '2025-01-15T09:05:00.000Z'),
    ('usr_demo_admin', 'user_demo_admin', 'marcus.reed@brightsmile.example.com', 'Marcus Reed', 0, 'active', '2025-01-15T09:20:00.000Z', '2025-01-15T09:20:00.000Z'),
    ('usr_demo_member', 'user_demo_member', 'priya.nair@brightsmile.example.com', 'Priya Nair', 0, 'active', '2025-01-16T08:40:00.000Z', '2025-01-16T08:40:00.000Z'),
    ('usr_demo_viewer', 'user_demo_viewer', 'tom.becker@brightsmile.example.com', 'Tom Becker', 0, 'active', '2025-01-17T10:10:00.000Z', '2025-01-17T10:10:00.000Z'),
    ('usr_demo_other', 'user_demo_other', 'elena.ruiz@chadis.example.com', 'Elena Ruiz', 0, 'active', '2025-02-03T14:35:00.000Z', '2025-02-03T14:35:00.000Z'),
    ('usr_demo_staff', 'user_demo_staff', 'sam.okafor@koby.example.com', 'Sam Okafor', 1, 'active', '2025-01-02T08:05:00.000Z', '2025-01-02T08:05:00.000Z'),
    ('usr_demo_suspended', 'user_demo_suspended', 'derek.moss@brightsmile.example.com', 'Derek Moss', 0, 'suspended', '2025-01-18T13:00:00.000Z', '2025-03-21T09:00:00.000Z'),
    ('usr_demo_closed', 'user_demo_closed', 'grace.lindqvist@closedpractice.example.com', 'Grace Lindqvist', 0, 'active', '2025-01-20T11:20:00.000Z', '2025-01-20T11:20:00.000Z')
ON CONFLICT DO NOTHING;

-- user_demo_staff has no membership on purpose: staff see all organisations by their flag alone.
INSERT INTO user_memberships (id, clerk_user_id, org_id, role, created_at, updated_at) VALUES
    ('mem_demo_owner', 'user_demo_owner', 'org_dental', 'owner', '2025-01-15T09:05:00.000Z', '2025-01-15T09:05:00.000Z'),
    ('mem_demo_admin', 'user_demo_admin', 'org_dental', 'admin', '2025-01-15T09:20:00.000Z', '2025-01-15T09:20:00.000Z'),
    ('mem_demo_member', 'user_demo_member', 'org_dental', 'member', '2025-01-16T08:40:00.000Z', '2025-01-16T08:40:00.000Z'),
    ('mem_demo_viewer', 'user_demo_viewer', 'org_dental', 'viewer', '2025-01-17T10:10:00.000Z', '2025-01-17T10:10:00.000Z'),
    ('mem_demo_suspended', 'user_demo_suspended', 'org_dental', 'member', '2025-01-18T13:00:00.000Z', '2025-01-18T13:00:00.000Z'),
    ('mem_demo_other', 'user_demo_other', 'org_chadis', 'owner', '2025-02-03T14:35:00.000Z', '2025-02-03T14:35:00.000Z'),
    ('mem_demo_closed', 'user_demo_closed', 'org_closed', 'owner', '2025-01-20T11:20:00.000Z', '2025-01-20T11:20:00.000Z')
ON CONFLICT DO NOTHING;
