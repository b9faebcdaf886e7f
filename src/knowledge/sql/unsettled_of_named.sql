-- Documents of a site's org, behind chat/sql/named_site.sql (`found`, of one org_id), of which the index has yet to be told,
-- with the versions that may be shown of them; of what was deleted, none. Passages of other versions in the index are out of date. At most 500, last changed first.
-- Behind them sources that are being deleted, of which nothing may be shown. Indexes: knowledge_documents_due_by_org,
-- knowledge_versions_one_live, knowledge_removals (PRIMARY KEY), knowledge_sources_removed_by_org.
SELECT u.document_id, NULL AS source_id, u.live_version_id, u.publishing_version_id FROM (
  SELECT d.id AS document_id,
         CASE WHEN d.status = 'archived' THEN NULL ELSE coalesce(d.live_version_id,
           (SELECT v.id FROM knowledge_versions v WHERE v.document_id = d.id AND v.is_live = 1)) END AS live_version_id,
         CASE WHEN d.status = 'archived' THEN NULL ELSE d.publishing_version_id END AS publishing_version_id
  FROM named_site o
  CROSS JOIN knowledge_documents d ON d.org_id = o.org_id AND d.index_due_at IS NOT NULL
  ORDER BY d.index_due_at DESC LIMIT 500) u
UNION ALL
SELECT * FROM (
  SELECT r.document_id, NULL, NULL, NULL
  FROM named_site o
  CROSS JOIN knowledge_removals r ON r.org_id = o.org_id
  WHERE r.is_told = 0 LIMIT 500)
UNION ALL
SELECT * FROM (
  SELECT NULL, k.id, NULL, NULL
  FROM named_site o
  CROSS JOIN knowledge_sources k ON k.org_id = o.org_id
  WHERE k.removed_at IS NOT NULL LIMIT 500)
