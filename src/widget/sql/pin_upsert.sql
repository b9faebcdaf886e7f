-- Pins a deployment to a build that is not deprecated, or that it is pinned to already, or to a channel.
-- Indexes: site_deployments.id, widget_versions.id, deployment_version_pins.deployment_id.
-- ?1 org_id   ?2 deployment   ?3 now   ?4 id of a new pin   ?5 build, or NULL   ?6 type   ?7 channel, or NULL
-- ?8 for how many of a hundred visitors
INSERT INTO deployment_version_pins (id, deployment_id, org_id, widget_version_id, pin_type, channel,
                                     rollout_percentage, created_at, updated_at)
SELECT ?4, d.id, d.org_id, ?5, ?6, ?7, ?8, ?3, ?3
FROM site_deployments d
WHERE d.id = +?2 AND d.org_id = +?1
  AND (?5 IS NULL
       OR EXISTS (SELECT 1 FROM widget_versions v WHERE v.id = +?5 AND v.status <> 'deprecated')
       OR EXISTS (SELECT 1 FROM deployment_version_pins n WHERE n.deployment_id = d.id AND n.widget_version_id = +?5))
ON CONFLICT (deployment_id) DO UPDATE SET
  widget_version_id = excluded.widget_version_id, pin_type = excluded.pin_type, channel = excluded.channel,
  rollout_percentage = excluded.rollout_percentage, updated_at = excluded.updated_at
RETURNING id
