-- Deletes a profile; deployments that have it go back to the defaults. Indexes: widget_profiles.id,
-- site_deployments_by_profile.
-- ?1 org_id   ?2 id
DELETE FROM widget_profiles WHERE id = +?2 AND org_id = +?1 RETURNING id
