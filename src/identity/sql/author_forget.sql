-- Takes a deleted person's name off what they wrote to visitors, in all orgs (org_id).
-- Indexes: clerk_events.svix_id, users.clerk_user_id, chat_messages_by_author.
-- ?1 event   ?2 delivery
UPDATE chat_messages SET author_name = NULL
WHERE author_name IS NOT NULL
  AND author_user_id = (SELECT u.id FROM clerk_events e JOIN users u ON u.clerk_user_id = e.object_id
                         WHERE e.svix_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed')
