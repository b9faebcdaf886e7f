-- Tokens of a person that were issued before now are refused. Index: users.id. ?1 id   ?2 now
UPDATE users SET sessions_revoked_at = ?2, updated_at = ?2 WHERE id = +?1
RETURNING id
