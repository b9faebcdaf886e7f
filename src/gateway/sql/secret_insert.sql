-- The present secret of a token that is not revoked. Index: gateway_tokens.id.
-- ?1 org_id   ?2 token   ?3 digest   ?4 now
INSERT INTO gateway_secrets (digest, token_id, org_id, expires_at, created_at)
SELECT ?3, t.id, t.org_id, NULL, ?4
FROM gateway_tokens t
WHERE t.id = +?2 AND t.org_id = +?1 AND t.revoked_at IS NULL
RETURNING token_id
