-- The bots that a token opens, oldest first, with what a client shows of them: active chatbots of its org_id, or those of
-- them that it lists. One row without a bot for a token that opens none, no row for no valid token. Indexes:
-- gateway_secrets.digest, gateway_tokens.id, orgs.id, plan_limits.plan, portal_sites_active_by_org.
-- ?1 digest   ?2 now   ?3 the one that is looked for, or NULL
SELECT t.id AS token_id, t.org_id, t.last_used_at, o.status AS org_status,
       coalesce(nullif(o.slug, ''), o.name) AS org_label,
       s.id, s.name, unixepoch(s.created_at) AS created,
       json_object('greeting', json_extract(iif(json_valid(s.config), s.config, '{}'), '$.greeting'), 'starter_prompts',
                   json_extract(iif(json_valid(s.config), s.config, '{}'), '$.starter_prompts'), 'models',
                   json(iif(json_valid(s.config), s.config, '{}') -> '$.models')) AS config,
       coalesce(s.google_api_key, '') <> '' AS has_google_key, coalesce(s.openai_api_key, '') <> '' AS has_openai_key,
       p.models AS plan_models
FROM gateway_secrets g
JOIN gateway_tokens t ON t.id = g.token_id AND t.org_id = g.org_id
JOIN orgs o ON o.id = t.org_id
LEFT JOIN plan_limits p ON p.plan = o.limits_plan
LEFT JOIN portal_sites s ON s.org_id = t.org_id AND s.status = 'active' AND coalesce(s.type, 'chatbot') = 'chatbot'
  AND (?3 IS NULL OR s.id = +?3)
  AND (t.site_ids IS NULL OR EXISTS (SELECT 1 FROM json_each(t.site_ids) WHERE json_each.value = s.id))
WHERE g.digest = +?1 AND (g.expires_at IS NULL OR g.expires_at > ?2)
  AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?2)
ORDER BY s.created_at, s.id
LIMIT 1000
