-- A new gateway token, unless the org has 100 that are open. Indexes: orgs.id, gateway_tokens_by_org.
-- ?1 org_id   ?2 id   ?3 name   ?4 start of the secret   ?5 sites as a JSON array, or NULL   ?6 users.id of who makes it
-- ?7 now   ?8 expires, or NULL
INSERT INTO gateway_tokens (id, org_id, name, hint, site_ids, created_by, created_at, expires_at)
SELECT ?2, o.id, ?3, ?4, ?5, ?6, ?7, ?8
FROM orgs o
WHERE o.id = +?1
  AND (SELECT count(*) FROM gateway_tokens t
        WHERE t.org_id = o.id AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?7)) < 100
