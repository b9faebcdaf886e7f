-- Shows the start of a token's present secret. Index: gateway_tokens.id.   ?1 org_id   ?2 id   ?3 start
UPDATE gateway_tokens SET hint = ?3 WHERE id = +?2 AND org_id = +?1 AND revoked_at IS NULL
