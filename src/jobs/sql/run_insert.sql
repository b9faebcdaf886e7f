-- How a run went. Index: job_runs.id (PRIMARY KEY).
-- ?1 id   ?2 job   ?3 started   ?4 ended   ?5 outcome   ?6 items   ?7 reason, or NULL
INSERT INTO job_runs (id, job, started_at, ended_at, outcome, items, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
