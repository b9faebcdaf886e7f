-- The limits of the named site and its org_id and what they have used. Indexes: as named.sql says.
SELECT u.name, u.messages, u.microusd, u.used_messages, u.used_microusd FROM used u
