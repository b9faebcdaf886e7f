-- Asks for a site to be read, now. One that is being read goes on, unless it is to begin anew: whoever reads it
-- then has lost it. One that failed is asked again ten minutes after the last time at the earliest, and goes on to be
-- left alone for longer. Index: knowledge_sources.id, knowledge_crawls.source_id.
-- ?1 org   ?2 source   ?3 host   ?4 now   ?5 whether to begin anew
INSERT INTO knowledge_crawls (source_id, org_id, host, due_at)
SELECT k.id, k.org_id, ?3, ?4
FROM knowledge_sources k
WHERE k.id = +?2 AND k.org_id = +?1 AND k.type = 'url' AND k.removed_at IS NULL
ON CONFLICT (source_id) DO UPDATE
SET host = excluded.host,
    due_at = iif(failures > 0 AND host = excluded.host,
      min(coalesce(due_at, '9999'),
          max(excluded.due_at, coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', claimed_at, '10 minutes'), ''))),
      min(coalesce(due_at, excluded.due_at), excluded.due_at)),
    failures = iif(host = excluded.host, failures, 0),
    robots = iif(?5, NULL, robots),
    phase = iif(?5 OR phase = 'rests', 'begins', phase),
    lease_id = iif(?5, NULL, lease_id),
    lease_until = iif(?5, NULL, lease_until)
