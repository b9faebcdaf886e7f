-- A new document of a source that is there, unless the source has one of that name or the org has as much as it may.
-- Indexes: knowledge_sources.id, orgs.id, plan_limits.plan, knowledge_usage.org_id,
-- knowledge_documents_by_external_key (UNIQUE).
-- ?1 org_id   ?2 id   ?3 source   ?4 title   ?5 path   ?6 name in its source, or NULL   ?7 checksum as sent, or NULL
-- ?8 media type   ?9 bytes   ?10 now   ?11 bytes of its text
INSERT INTO knowledge_documents (id, org_id, source_id, title, path, external_id, external_key, status, checksum,
                                 mime_type, size_bytes, created_at, updated_at)
SELECT ?2, s.org_id, s.id, ?4, ?5, ?6, ?6, 'processing', ?7, ?8, ?9, ?10, ?10
FROM knowledge_sources s
JOIN orgs o ON o.id = s.org_id
LEFT JOIN plan_limits p ON p.plan = o.limits_plan
LEFT JOIN knowledge_usage u ON u.org_id = s.org_id
WHERE s.id = +?3 AND s.org_id = +?1 AND s.removed_at IS NULL
  AND coalesce(u.documents, 0) < coalesce(p.knowledge_documents, 9e18)
  AND coalesce(u.bytes, 0) + ?11 <= coalesce(p.knowledge_bytes, 9e18)
ON CONFLICT (source_id, external_key) WHERE external_key IS NOT NULL DO NOTHING
RETURNING id
