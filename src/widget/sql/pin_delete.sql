-- Takes a deployment's pin away. Index: deployment_version_pins.deployment_id.
-- ?1 org_id   ?2 deployment
DELETE FROM deployment_version_pins WHERE deployment_id = +?2 AND org_id = +?1
