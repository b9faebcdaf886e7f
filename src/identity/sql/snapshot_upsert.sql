-- Notes the state that this delivery applies, so that an older one does not. Indexes: clerk_events.svix_id,
-- clerk_snapshots.object_id.
-- ?1 event   ?2 delivery   ?3 updated, in ms   ?4 when it happened, in ms   ?5 when deleted, or NULL
INSERT INTO clerk_snapshots (object_id, updated_ms, event_ms, deleted_at)
SELECT e.object_id, ?3, ?4, ?5
FROM clerk_events e
WHERE e.svix_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed' AND e.object_id IS NOT NULL
ON CONFLICT (object_id) DO UPDATE SET
  updated_ms = excluded.updated_ms, event_ms = excluded.event_ms, deleted_at = excluded.deleted_at
