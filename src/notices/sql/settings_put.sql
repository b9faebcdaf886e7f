-- Says where the org's notices are sent besides. Index: notice_settings.org_id (PRIMARY KEY).
-- ?1 org_id   ?2 number, or NULL   ?3 now
INSERT INTO notice_settings (org_id, sms_phone, updated_at) VALUES (?1, ?2, ?3)
ON CONFLICT (org_id) DO UPDATE SET sms_phone = excluded.sms_phone, updated_at = excluded.updated_at
RETURNING 1 AS one
