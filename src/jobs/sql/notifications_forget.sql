-- Forgets old notifications of all orgs (org_id), some at a time. Index: notifications_by_time.
-- ?1 before   ?2 how many at most
DELETE FROM notifications
WHERE id IN (SELECT n.id FROM notifications n WHERE n.created_at < ?1 ORDER BY n.created_at LIMIT +?2)
RETURNING 1 AS one
