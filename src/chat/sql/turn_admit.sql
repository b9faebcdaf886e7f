-- Lets a message in: if its site, page and session are open to it, it was not sent before, and no limit of its org_id,
-- site, deployment or visitor is used up. Nobody can slip between the look and the count, as both are one
-- transaction. Of the places for conversations, pages take one for each that is open, and one client of them a quarter,
-- thirty at least; servers, whose calls open one each, take one for each call that runs. A session has at most 1 000
-- messages, so that nobody makes one that is too long to be read. Indexes: chat_sessions.id,
-- chat_sessions_active_by_opener, chat_turns_by_site, chat_turns_opening_by_client, chat_turns_by_client_message.
-- ?10 turn   ?11 session   ?12 1 for a new session   ?13 visitor, or NULL   ?14 digest of the message's id, or NULL
-- ?15 characters of the message   ?16 page, or NULL   ?17 entries that would list the page, as a JSON array
-- ?18 1 if a site without a list is open to all pages   ?19 a session is active since
-- ?20 1 if the visitor solved a challenge   ?21 digest of the message with its id, or NULL
INSERT INTO chat_turns (id, org_id, site_id, session_id, opens_session, visitor_id, client_message_id, message_digest,
                        token_id, client_digest, reserved_microusd, admitted_at)
SELECT ?10, f.org_id, f.id, ?11, ?12, ?13, ?14, ?21, f.token_id, iif(f.token_id IS NULL, ?9, NULL), f.turn_microusd, ?5
FROM found f
WHERE f.status = 'active' AND f.type = 'chatbot' AND f.org_status IN ('active', 'at_risk')
  AND (f.deployment_status IS NULL OR f.deployment_status = 'active')
  AND ?15 <= f.message_characters
  AND (?16 IS NULL OR f.token_id IS NOT NULL OR f.keyless_origin = +?16
       OR ?16 IN ('https://' || lower(f.domain), 'https://www.' || lower(f.domain))
       OR EXISTS (SELECT 1 FROM json_each(iif(json_valid(f.allowed_origins), f.allowed_origins, '[]')) listed
                  JOIN json_each(?17) wanted ON lower(listed.value) = wanted.value)
       OR (?18 = 1 AND coalesce(f.allowed_origins, '[]') = '[]'))
  AND (?12 = 1 OR EXISTS (
        SELECT 1 FROM chat_sessions c
         WHERE c.id = +?11 AND c.site_id = f.id AND c.org_id = f.org_id AND c.status = 'active'
           AND coalesce(c.message_count, 0) < 1000 AND (c.visitor_id IS NULL OR c.visitor_id = +?13)))
  AND (?12 = 0 OR ?20 = 1 OR f.token_id IS NOT NULL
       OR iif(json_valid(f.config), json_type(f.config, '$.turnstile'), NULL) IS NOT 'true')
  AND (?12 = 0 OR f.concurrent_sessions IS NULL
    OR f.token_id IS NOT NULL AND f.concurrent_sessions > (
        SELECT count(*) FROM chat_turns t
         WHERE t.site_id = f.id AND t.status = 'running' AND t.admitted_at >= ?19 AND t.token_id IS NOT NULL)
    OR f.token_id IS NULL AND f.concurrent_sessions > (
        SELECT count(*) FROM chat_sessions c
         WHERE c.site_id = f.id AND c.status = 'active' AND c.token_id IS NULL AND c.last_message_at >= ?19)
      + (SELECT count(*) FROM chat_turns t
         WHERE t.site_id = f.id AND t.status = 'running' AND t.admitted_at >= ?19 AND t.opens_session = 1
           AND t.token_id IS NULL)
      AND max(30, f.concurrent_sessions / 4) > (
        SELECT count(*) FROM chat_turns t
         WHERE t.site_id = f.id AND t.client_digest = +?9 AND t.opens_session = 1 AND t.admitted_at >= ?19
           AND t.status <> 'failed'))
  AND (?14 IS NULL OR NOT EXISTS (
        SELECT 1 FROM chat_turns t WHERE t.site_id = f.id AND t.client_message_id = +?14))
  AND NOT EXISTS (
        SELECT 1 FROM used u
         WHERE u.used_messages >= u.messages OR u.used_microusd + f.turn_microusd > u.microusd)
RETURNING id
