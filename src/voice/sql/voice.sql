-- The key of the named site (org_id is in named.sql) and what staff assigned to it, whether its plan has a voice, and
-- whether the session is one of its open ones. Indexes: as speech.sql says, chat_sessions.id.
-- ?10 session, or NULL   ?11 visitor, or NULL
SELECT v.elevenlabs_api_key, v.assigned_voices, v.plan_has_voice,
       EXISTS (SELECT 1 FROM chat_sessions c
                WHERE c.id = +?10 AND c.site_id = f.id AND c.org_id = f.org_id AND c.status = 'active'
                  AND (c.visitor_id IS NULL OR c.visitor_id = +?11)) AS has_session
FROM voice v CROSS JOIN found f
