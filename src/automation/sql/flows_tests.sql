-- The tests of one page of flows, flow by flow in the order of the page, as they were added. Indexes: flows_by_org,
-- idx_flow_tests_flow_id; for all orgs flows_by_time.
-- ?4 ?5 key of the page before   ?6 limit of the page   ?7 limit
SELECT t.id, t.flow_id, t.name, t.input, t.expected_outcome, t.last_run_at, t.last_result
FROM (SELECT f.id FROM flows f
       WHERE (SELECT org_id FROM scope) = f.org_id
         AND (f.updated_at, f.id) < (?4, ?5)
       ORDER BY f.updated_at DESC, f.id DESC
       LIMIT +?6) page
CROSS JOIN flow_tests t ON t.flow_id = page.id
LIMIT +?7
