-- Tokens that were issued before now are refused in the org.
-- Index: orgs.id. ?1 org   ?2 now
UPDATE orgs SET sessions_revoked_at = ?2, updated_at = ?2 WHERE id = +?1
RETURNING id
