-- The steps of a flow in the order they were added, at most 500. Indexes: flows.id, flow_steps_by_flow.
-- ?4 flow
SELECT s.id, s.flow_id, s.kind, s.name, s.config, s.next_step_id, s.created_at, s.updated_at
FROM flows f
CROSS JOIN flow_steps s ON s.flow_id = f.id
WHERE f.id = +?4 AND (SELECT org_id FROM scope) IN (f.org_id, '*')
ORDER BY s.created_at, s.id
LIMIT 500
