-- What the named site and its org_id may say and did say. Indexes: as speech.sql says.
SELECT l.name, l.uses, l.microusd, l.voice_microusd, l.voice_ms, l.used_uses, l.used_microusd, l.used_voice_microusd,
       l.used_voice_ms
FROM speech l
