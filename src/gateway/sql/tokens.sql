-- Gateway tokens, newest first, never a secret. Indexes: gateway_tokens_by_org; for all orgs gateway_tokens_by_time.
-- ?4 ?5 key of the page before   ?6 limit
SELECT t.id, t.org_id, t.name, t.hint, t.site_ids, t.created_by, t.created_at, t.expires_at, t.revoked_at,
       t.last_used_at
FROM gateway_tokens t
WHERE (SELECT org_id FROM scope) = t.org_id
  AND (t.created_at, t.id) < (?4, ?5)
ORDER BY t.created_at DESC, t.id DESC
LIMIT +?6
