-- Notes that a token was used, unless that was noted a while ago. Index: gateway_tokens.id.
-- ?1 org_id   ?2 id   ?3 now   ?4 a while ago
UPDATE gateway_tokens SET last_used_at = ?3
WHERE id = +?2 AND org_id = +?1 AND (last_used_at IS NULL OR last_used_at < ?4)
