-- The builds that a deployment may newly be given, newest first. Index: widget_versions_by_status.
SELECT v.version, v.script_url, v.styles_url, v.integrity_hash, v.min_profile_version, v.status
FROM widget_versions v
WHERE v.status IN ('canary', 'beta', 'stable')
ORDER BY v.released_at DESC
LIMIT 200
