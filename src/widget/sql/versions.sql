-- The builds that there are, newest first, for whoever may see an org. They belong to none.
-- Index: widget_versions_by_time.
-- ?4 ?5 key of the page before   ?6 limit   ?7 status, or NULL
SELECT v.id, v.version, v.changelog, v.release_notes, v.script_url, v.styles_url, v.integrity_hash,
       v.min_profile_version, v.status, v.released_at, v.deprecated_at
FROM widget_versions v
WHERE EXISTS (SELECT 1 FROM scope)
  AND (v.released_at, v.id) < (?4, ?5)
  AND (?7 IS NULL OR v.status = +?7)
ORDER BY v.released_at DESC, v.id DESC
LIMIT +?6
