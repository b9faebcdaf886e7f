-- Crawls of all orgs (org_id) whose run was lost are left alone, each time twice as long, up to a day.
-- Index: knowledge_crawls_by_lease.
-- ?1 now
UPDATE knowledge_crawls
SET lease_id = NULL, lease_until = NULL, failures = failures + 1,
    due_at = strftime('%Y-%m-%dT%H:%M:%fZ', ?1, min(1440, 1 << min(failures, 11)) || ' minutes')
WHERE lease_id > '' AND lease_until <= ?1
