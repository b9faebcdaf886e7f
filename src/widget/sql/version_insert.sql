-- A new build, unless there is one of its number. Index: widget_versions.version (UNIQUE).
-- ?1 id   ?2 now   ?3 version   ?4 changelog   ?5 release notes   ?6 script   ?7 styles   ?8 integrity
-- ?9 least form of profiles   ?10 status
INSERT INTO widget_versions (id, version, changelog, release_notes, script_url, styles_url, integrity_hash,
                             min_profile_version, status, released_at)
VALUES (?1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?2)
ON CONFLICT (version) DO NOTHING
