-- The tests of a flow in the order they were added, at most 500. Indexes: flows.id,
-- idx_flow_tests_flow_id.
-- ?4 flow
SELECT t.id, t.flow_id, t.name, t.input, t.expected_outcome, t.last_run_at, t.last_result
FROM flows f
CROSS JOIN flow_tests t ON t.flow_id = f.id
WHERE f.id = +?4 AND (SELECT org_id FROM scope) IN (f.org_id, '*')
ORDER BY t.rowid
LIMIT 500
