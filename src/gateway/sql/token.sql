-- One gateway token, and how many secrets of it are valid. Indexes: gateway_tokens.id, gateway_secrets_by_token.
-- ?4 id   ?5 now
SELECT t.id, t.org_id, t.revoked_at, t.expires_at,
       (SELECT count(*) FROM gateway_secrets g
         WHERE g.token_id = t.id AND (g.expires_at IS NULL OR g.expires_at > ?5)) AS secrets
FROM gateway_tokens t
WHERE t.id = +?4 AND (SELECT org_id FROM scope) IN ('*', t.org_id)
