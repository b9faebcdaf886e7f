-- The policies that the answers of a site's org keep to, behind chat/sql/named_site.sql (`found`, of one org_id).
-- Index: knowledge_policies_by_org_name.
SELECT p.id, p.rules
FROM named_site f
CROSS JOIN knowledge_policies p ON p.org_id = f.org_id
ORDER BY p.name, p.id
LIMIT 100
