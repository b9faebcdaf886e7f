-- One build, for whoever may see an org. It belongs to none. Index: widget_versions.id.
-- ?4 id
SELECT v.id, v.version, v.changelog, v.release_notes, v.script_url, v.styles_url, v.integrity_hash,
       v.min_profile_version, v.status, v.released_at, v.deprecated_at
FROM widget_versions v
WHERE v.id = +?4 AND EXISTS (SELECT 1 FROM scope)
