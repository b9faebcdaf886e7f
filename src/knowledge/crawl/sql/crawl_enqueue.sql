-- Asks for a site to be read, now. One that is being read goes on, unless it is to begin anew: whoever reads it
-- then has lost it. Index: knowledge_sources.id, knowledge_crawls.source_id.
-- ?1 org   ?2 source   ?3 host   ?4 now   ?5 whether to begin anew
INSERT INTO knowledge_crawls (source_id, org_id, host, due_at)
SELECT k.id, k.org_id, ?3, ?4
FROM knowledge_sources k
WHERE k.id = ?2 AND k.org_id = ?1 AND k.type = 'url' AND k.removed_at IS NULL
ON CONFLICT (source_id) DO UPDATE
SET host = excluded.host,
    due_at = min(coalesce(due_at, excluded.due_at), excluded.due_at),
    failures = 0,
    robots = iif(?5, NULL, robots),
    phase = iif(?5 OR phase = 'rests', 'begins', phase),
    lease_id = iif(?5, NULL, lease_id),
    lease_until = iif(?5, NULL, lease_until)
