-- Lets a message in: if its site, page and session are open to it, it was not sent before, and no limit of its org_id,
-- site, deployment or visitor is used up. Nobody can slip between the look and the count, as both are one
-- transaction. Indexes: chat_sessions.id, chat_sessions_active_by_site, chat_turns_by_site,
-- chat_turns_by_client_message.
-- ?10 turn   ?11 session   ?12 1 for a new session   ?13 visitor, or NULL   ?14 the visitor's id of the message, or NULL
-- ?15 characters of the message   ?16 page, or NULL   ?17 entries that would list the page, as a JSON array
-- ?18 1 if a site without a list is open to all pages   ?19 a session is active since
-- ?20 1 if the visitor solved a challenge
INSERT INTO chat_turns (id, org_id, site_id, session_id, opens_session, visitor_id, client_message_id,
                        reserved_microusd, admitted_at)
SELECT ?10, f.org_id, f.id, ?11, ?12, ?13, ?14, f.turn_microusd, ?5
FROM found f
WHERE f.status = 'active' AND f.type = 'chatbot' AND f.org_status IN ('active', 'at_risk')
  AND (f.deployment_status IS NULL OR f.deployment_status = 'active')
  AND ?15 <= f.message_characters
  AND (?16 IS NULL OR f.token_id IS NOT NULL OR f.keyless_origin = ?16
       OR ?16 IN ('https://' || lower(f.domain), 'https://www.' || lower(f.domain))
       OR EXISTS (SELECT 1 FROM json_each(iif(json_valid(f.allowed_origins), f.allowed_origins, '[]')) listed
                  JOIN json_each(?17) wanted ON lower(listed.value) = wanted.value)
       OR (?18 = 1 AND coalesce(f.allowed_origins, '[]') = '[]'))
  AND (?12 = 1 OR EXISTS (
        SELECT 1 FROM chat_sessions c
         WHERE c.id = ?11 AND c.site_id = f.id AND c.org_id = f.org_id AND c.status = 'active'
           AND (c.visitor_id IS NULL OR c.visitor_id = ?13)))
  AND (?12 = 0 OR ?20 = 1 OR f.token_id IS NOT NULL
       OR NOT coalesce(iif(json_valid(f.config), f.config ->> '$.turnstile', 0), 0))
  AND (?12 = 0 OR f.concurrent_sessions IS NULL OR f.concurrent_sessions > (
        SELECT count(*) FROM chat_sessions c
         WHERE c.site_id = f.id AND c.status = 'active' AND c.last_message_at >= ?19)
      + (SELECT count(*) FROM chat_turns t
         WHERE t.site_id = f.id AND t.status = 'running' AND t.admitted_at >= ?19 AND t.opens_session = 1))
  AND (?14 IS NULL OR NOT EXISTS (
        SELECT 1 FROM chat_turns t WHERE t.site_id = f.id AND t.client_message_id = ?14))
  AND NOT EXISTS (
        SELECT 1 FROM used u
         WHERE u.used_messages >= u.messages OR u.used_microusd + f.turn_microusd > u.microusd)
RETURNING id
