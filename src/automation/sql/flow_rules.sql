-- The rules of a flow in the order they were added, at most 500. Indexes: flows.id, flow_rules_by_flow.
-- ?4 flow
SELECT r.id, r.flow_id, r.step_id, r.condition, r.action, r.target_step_id, r.created_at, r.updated_at
FROM flows f
CROSS JOIN flow_rules r ON r.flow_id = f.id
WHERE f.id = +?4 AND (SELECT org_id FROM scope) IN (f.org_id, '*')
ORDER BY r.created_at, r.id
LIMIT 500
