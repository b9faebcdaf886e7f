-- Takes over a product's snapshot, if this delivery claimed the event, unless a newer one was applied or it was deleted.
-- Indexes: stripe_events.stripe_event_id, stripe_products.stripe_product_id.
-- ?1 event   ?2 delivery   ?3 product   ?4 event.created   ?5 now   ?6 name   ?7 description   ?8 active   ?9 deleted
INSERT INTO stripe_products (stripe_product_id, name, description, is_active, is_deleted, stripe_event_created, updated_at)
SELECT ?3, ?6, ?7, ?8, ?9, ?4, ?5
FROM stripe_events e
WHERE e.stripe_event_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed'
ON CONFLICT (stripe_product_id) DO UPDATE SET
  name = excluded.name, description = excluded.description, is_active = excluded.is_active,
  is_deleted = excluded.is_deleted, stripe_event_created = excluded.stripe_event_created, updated_at = excluded.updated_at
WHERE stripe_products.is_deleted = 0
  AND (excluded.is_deleted = 1 OR excluded.stripe_event_created >= stripe_products.stripe_event_created)
