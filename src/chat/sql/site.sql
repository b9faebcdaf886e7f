-- The site that the request names (its org_id is in it). Indexes: as named.sql says.
SELECT id, org_id, name, type, status, domain, keyless_origin, allowed_origins, config, system_prompt,
       google_api_key, openai_api_key, org_name, org_status, deployment_id, deployment_status, token_id,
       token_used_at, concurrent_sessions,
       message_characters, turn_microusd, plan_models
FROM found
