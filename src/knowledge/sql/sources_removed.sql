-- Sources that are being deleted, of all orgs (org_id). Index: knowledge_sources_removed.   ?1 how many
SELECT k.id, k.org_id FROM knowledge_sources k WHERE k.removed_at IS NOT NULL ORDER BY k.removed_at LIMIT +?1
