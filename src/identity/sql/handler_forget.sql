-- Takes a deleted person's name off the conversations that they took over, in all orgs (org_id).
-- Indexes: clerk_events.svix_id, users.clerk_user_id, chat_sessions_by_handler.
-- ?1 event   ?2 delivery
UPDATE chat_sessions SET handoff_name = NULL
WHERE handoff_name IS NOT NULL
  AND handoff_user_id = (SELECT u.id FROM clerk_events e JOIN users u ON u.clerk_user_id = e.object_id
                          WHERE e.svix_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed')
