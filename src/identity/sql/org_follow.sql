-- Takes over the name and slug of the event's organization (org_id); a slug that another has is left to it.
-- Indexes: clerk_events.svix_id, orgs.id, orgs.slug.
-- ?1 event   ?2 delivery   ?3 name   ?4 slug, or NULL   ?5 now
UPDATE orgs SET
  name = ?3,
  slug = CASE WHEN ?4 IS NULL OR EXISTS (SELECT 1 FROM orgs o WHERE o.slug = +?4 AND o.id <> orgs.id)
              THEN slug ELSE ?4 END,
  updated_at = ?5
WHERE id = (SELECT e.org_id FROM clerk_events e
             WHERE e.svix_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed')
  AND (name <> ?3
       OR ?4 IS NOT NULL AND slug IS NOT ?4
          AND NOT EXISTS (SELECT 1 FROM orgs o WHERE o.slug = +?4 AND o.id <> orgs.id))
