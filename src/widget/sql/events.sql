-- What widgets of a site told, by day, newest first. Indexes: portal_sites.id, the key of widget_event_counts.
-- ?4 ?5 ?6 key of the page before   ?7 limit   ?8 site   ?9 first day
SELECT c.date, c.scope_id, c.event, c.count, c.first_at, c.last_at, c.scope_id = c.site_id AS is_of_site
FROM portal_sites s CROSS JOIN widget_event_counts c ON c.site_id = s.id AND c.org_id = s.org_id
WHERE s.id = +?8 AND (SELECT org_id FROM scope) IN ('*', s.org_id)
  AND (c.date, c.scope_id, c.event) < (?4, ?5, ?6)
  AND c.date >= ?9
ORDER BY c.date DESC, c.scope_id DESC, c.event DESC
LIMIT +?7
