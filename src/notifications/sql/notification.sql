-- One notification. Index: notifications.id.   ?4 notification
SELECT n.id, n.org_id, n.kind, n.target_type, n.target_id, n.created_at, n.read_at, n.read_by
FROM notifications n
WHERE n.id = +?4 AND (SELECT org_id FROM scope) IN (n.org_id, '*')
