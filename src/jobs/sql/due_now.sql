-- Makes a job due. Index: jobs.name (PRIMARY KEY).   ?1 name   ?2 now
INSERT INTO jobs (name, due_at) VALUES (?1, ?2)
ON CONFLICT (name) DO UPDATE SET due_at = min(jobs.due_at, excluded.due_at)
