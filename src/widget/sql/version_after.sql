-- One build after a change. Index: widget_versions.id.
-- ?1 id
SELECT v.id, v.version, v.changelog, v.release_notes, v.script_url, v.styles_url, v.integrity_hash,
       v.min_profile_version, v.status, v.released_at, v.deprecated_at
FROM widget_versions v
WHERE v.id = +?1
