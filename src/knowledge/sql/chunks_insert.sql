-- Chunks of a version, while the job is held. Indexes: knowledge_versions.id, knowledge_ingestion_jobs.id.
-- ?1 org_id   ?2 version   ?3 job   ?4 lease id   ?5 arrays of id, text, tokens, label, metadata as a JSON array
INSERT INTO knowledge_chunks (id, version_id, org_id, content, token_count, page_label, metadata)
SELECT value ->> 0, v.id, v.org_id, value ->> 1, value ->> 2, value ->> 3, value -> 4
FROM knowledge_ingestion_jobs j
CROSS JOIN knowledge_versions v ON v.id = j.version_id AND v.org_id = j.org_id
CROSS JOIN json_each(?5)
WHERE j.id = +?3 AND j.org_id = +?1 AND j.lease_id = +?4 AND v.id = +?2
