-- Revokes a token; it opens nothing from then on. Index: gateway_tokens.id.   ?1 org_id   ?2 id   ?3 now
UPDATE gateway_tokens SET revoked_at = ?3 WHERE id = +?2 AND org_id = +?1 AND revoked_at IS NULL
