-- The key of the named site (org_id is in named.sql), and whether its plan has a voice. Indexes: as speech.sql says.
SELECT elevenlabs_api_key, plan_has_voice FROM voice
