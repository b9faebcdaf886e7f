-- Where the org's notices are sent besides; no row if nobody ever said so. Index: notice_settings.org_id (PRIMARY KEY).
SELECT s.sms_phone FROM scope CROSS JOIN notice_settings s ON s.org_id = scope.org_id
