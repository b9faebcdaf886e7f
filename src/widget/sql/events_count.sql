-- Counts events of a day: one row per event of an embed. Indexes: portal_sites.id, the key of widget_event_counts.
-- ?1 org_id   ?2 site   ?3 deployment, or the site that is embedded by its own key   ?4 day   ?5 now
-- ?6 a JSON object of events and how often
INSERT INTO widget_event_counts (site_id, date, scope_id, event, org_id, count, first_at, last_at)
SELECT s.id, ?4, ?3, json_each.key, s.org_id, json_each.value, ?5, ?5
FROM portal_sites s CROSS JOIN json_each(?6)
WHERE s.id = +?2 AND s.org_id = +?1
ON CONFLICT (site_id, date, scope_id, event) DO UPDATE SET count = count + excluded.count, last_at = excluded.last_at
