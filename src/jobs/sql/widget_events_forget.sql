-- Forgets counts of widget events of days long past, of all orgs (org_id), some at a time.
-- Index: widget_event_counts_by_date.   ?1 before   ?2 how many at most
DELETE FROM widget_event_counts
 WHERE (site_id, date, scope_id, event) IN (
     SELECT site_id, date, scope_id, event FROM widget_event_counts WHERE date < ?1 ORDER BY date LIMIT +?2)
RETURNING 1 AS one
