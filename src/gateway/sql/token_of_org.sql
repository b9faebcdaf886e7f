-- One gateway token after a change. Index: gateway_tokens.id.   ?1 org_id   ?2 id
SELECT t.id, t.org_id, t.name, t.hint, t.site_ids, t.created_by, t.created_at, t.expires_at, t.revoked_at,
       t.last_used_at
FROM gateway_tokens t
WHERE t.id = +?2 AND t.org_id = +?1
