-- Activates or pauses a deployment; one that is so already stays as it is. Index: site_deployments.id.
-- ?1 org_id   ?2 id   ?3 now   ?4 status
UPDATE site_deployments SET
  status = ?4,
  deployed_at = CASE ?4 WHEN 'active' THEN ?3 ELSE deployed_at END,
  updated_at = ?3
WHERE id = +?2 AND org_id = +?1 AND status <> ?4
