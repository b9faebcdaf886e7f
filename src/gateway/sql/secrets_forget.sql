-- Forgets a token's secrets that are not valid any more. Index: gateway_secrets_by_token.
-- ?1 org_id   ?2 token   ?3 now
DELETE FROM gateway_secrets WHERE token_id = +?2 AND +org_id = +?1 AND expires_at <= ?3
