-- Claims an event for this delivery; nothing when it was taken before. One whose object is known as newer, or as deleted,
-- asks nothing any more. The org_id is judged by the statement behind it.
-- Indexes: clerk_events.svix_id, clerk_snapshots.object_id.
-- ?1 row id   ?2 event   ?3 type   ?4 object type   ?5 object   ?6 payload   ?7 now   ?8 when it happened
-- ?9 delivery   ?10 why it is only recorded, or NULL   ?11 updated, in ms   ?12 when it happened, in ms   ?13 1 for a
-- deletion
INSERT INTO clerk_events (id, svix_id, event_type, object_type, object_id, payload, received_at, processed_at,
                          happened_at, delivery_id, attempts, status, reason)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9, 1,
       CASE WHEN found.reason IS NULL THEN 'processed' ELSE 'skipped' END, found.reason
FROM (SELECT coalesce(?10, CASE WHEN EXISTS (
        SELECT 1 FROM clerk_snapshots s
         WHERE s.object_id = +?5
           AND (s.deleted_at IS NOT NULL
                OR ?13 = 0 AND (s.updated_ms, s.event_ms) > (?11, ?12))) THEN 'superseded' END) AS reason) AS found
WHERE true
ON CONFLICT (svix_id) DO UPDATE SET
  status = excluded.status,
  reason = excluded.reason,
  org_id = NULL,
  processed_at = excluded.processed_at,
  delivery_id = excluded.delivery_id,
  attempts = clerk_events.attempts + 1
WHERE clerk_events.status = 'failed'
