-- Ends a token's secrets at a moment, unless they end before. Index: gateway_secrets_by_token.
-- ?1 org_id   ?2 token   ?3 when
UPDATE gateway_secrets SET expires_at = ?3
WHERE token_id = +?2 AND +org_id = +?1 AND (expires_at IS NULL OR expires_at > ?3)
