-- The named site and its org, behind named.sql, for what needs no more of it: the shorter a statement, the sooner the
-- database has read it. Index: portal_sites.id.
, named_site AS (SELECT s.id, s.org_id FROM named n CROSS JOIN portal_sites s ON s.id = n.site_id)
