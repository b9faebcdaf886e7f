-- Whether a secret opens a token, and of which org_id. Indexes: gateway_secrets.digest, gateway_tokens.id.
-- ?1 digest   ?2 now
SELECT t.org_id
FROM gateway_secrets g
JOIN gateway_tokens t ON t.id = g.token_id AND t.org_id = g.org_id
WHERE g.digest = +?1 AND (g.expires_at IS NULL OR g.expires_at > ?2)
  AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?2)
