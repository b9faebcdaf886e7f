-- The trace of what Clerk asked and the organization's own rules refused. Index: clerk_events.svix_id.
-- ?1 row id   ?2 event   ?3 delivery   ?4 request   ?5 person   ?6 role, or NULL   ?7 now
INSERT INTO audit_logs (id, org_id, actor_type, actor_id, request_id, event_type, target_type, target_id, metadata,
                        created_at)
SELECT ?1, e.org_id, 'integration', 'clerk', ?4, 'membership.refused', 'user', ?5,
       json_object('clerkUserId', ?5, 'role', ?6, 'reason', e.reason, 'clerkEvent', e.event_type), ?7
FROM clerk_events e
WHERE e.svix_id = +?2 AND e.delivery_id = +?3 AND e.status = 'skipped' AND e.org_id IS NOT NULL
  AND e.reason IN ('cap_reached', 'last_owner', 'removed_here')
