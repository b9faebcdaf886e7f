-- Closes an org; its data stays. Index: orgs.id. ?1 org   ?2 now
UPDATE orgs SET status = 'churned', updated_at = ?2 WHERE id = +?1 AND status IS NOT 'churned'
RETURNING id
