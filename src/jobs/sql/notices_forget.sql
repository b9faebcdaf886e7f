-- Forgets old notices of all orgs (org_id) and their deliveries, some at a time.
-- Indexes: notices_by_time, notice_deliveries_by_notice.   ?1 before   ?2 how many at most
DELETE FROM notices
WHERE id IN (SELECT n.id FROM notices n WHERE n.created_at < ?1 ORDER BY n.created_at LIMIT +?2)
RETURNING 1 AS one
