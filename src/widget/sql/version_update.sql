-- Changes a build that is not deprecated, unless no stable one were left. Indexes: widget_versions.id,
-- widget_versions_by_status.
-- ?1 id   ?2 now   ?3 status, or NULL to keep it   ?4 1 to change the changelog   ?5 changelog
-- ?6 1 to change the release notes   ?7 release notes
UPDATE widget_versions SET
  status = coalesce(?3, status),
  changelog = CASE ?4 WHEN 1 THEN ?5 ELSE changelog END,
  release_notes = CASE ?6 WHEN 1 THEN ?7 ELSE release_notes END,
  deprecated_at = CASE ?3 WHEN 'deprecated' THEN ?2 ELSE deprecated_at END
WHERE id = +?1 AND status <> 'deprecated'
  AND (coalesce(?3, 'stable') = 'stable' OR status <> 'stable'
       OR EXISTS (SELECT 1 FROM widget_versions o WHERE o.status = 'stable' AND o.id <> ?1))
RETURNING id
