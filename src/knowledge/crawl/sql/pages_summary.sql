-- What a round came to: how many pages are documents, and what the start page says if it is none. Index:
-- knowledge_pages_by_org.
-- ?1 org   ?2 source
SELECT count(*) FILTER (WHERE p.state = 'live') AS live,
       max(iif(p.depth = 0 AND p.state <> 'live', p.error, NULL)) AS error
FROM knowledge_pages p
WHERE p.source_id = +?2 AND p.org_id = +?1
