-- The limits over days and months that are used up, of the site that a key opens and its org_id. Indexes: as
-- named.sql says.
SELECT u.name FROM used u
WHERE u.name NOT LIKE '%-minute' AND (u.used_messages >= u.messages OR u.used_microusd >= u.microusd)
