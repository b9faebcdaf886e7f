-- The site that a request names: a key, a page or a token names one site of one org_id. In front of named_site.sql or
-- found.sql. Indexes: site_keys.key, portal_sites.site_key, portal_sites_keyless_origin, gateway_secrets.digest.
-- ?1 key, or NULL   ?2 page without a key, or NULL   ?3 digest of a gateway token, or NULL   ?4 its bot, or NULL
-- ?5 now
WITH named AS (
  SELECT k.site_id, k.deployment_id, NULL AS token_id, NULL AS token_used_at FROM site_keys k
   WHERE k.key = +?1 AND (k.expires_at IS NULL OR k.expires_at > ?5)
  UNION ALL
  SELECT s.id, NULL, NULL, NULL FROM portal_sites s WHERE s.site_key = +?1
  UNION ALL
  SELECT s.id, NULL, NULL, NULL FROM portal_sites s WHERE s.keyless_origin = +?2
  UNION ALL
  SELECT s.id, NULL, t.id, t.last_used_at
    FROM gateway_secrets g
    JOIN gateway_tokens t ON t.id = g.token_id AND t.org_id = g.org_id
    JOIN portal_sites s ON s.id = +?4 AND s.org_id = t.org_id
   WHERE g.digest = +?3 AND (g.expires_at IS NULL OR g.expires_at > ?5)
     AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?5)
     AND (t.site_ids IS NULL OR EXISTS (SELECT 1 FROM json_each(t.site_ids) j WHERE j.value = s.id))
  LIMIT 1
)
