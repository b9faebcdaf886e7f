-- Takes over a product's snapshot, if this delivery claimed the event, unless a newer one was applied, one of its second
-- that differs, or it was deleted. Indexes: stripe_events.stripe_event_id, stripe_products.stripe_product_id.
-- ?1 event   ?2 delivery   ?3 product   ?4 event.created   ?5 1 if deleted   ?6 digest   ?7 delivery that may be written
-- over, '*' or NULL   ?8 now   ?9 name   ?10 description   ?11 active
INSERT INTO stripe_products (stripe_product_id, name, description, is_active, is_deleted, stripe_event_created,
                             snapshot_digest, delivery_id, updated_at)
SELECT ?3, ?9, ?10, ?11, ?5, ?4, ?6, ?2, ?8
FROM stripe_events e
WHERE e.stripe_event_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed'
ON CONFLICT (stripe_product_id) DO UPDATE SET
  name = excluded.name, description = excluded.description, is_active = excluded.is_active,
  is_deleted = excluded.is_deleted, stripe_event_created = excluded.stripe_event_created,
  snapshot_digest = excluded.snapshot_digest, delivery_id = excluded.delivery_id, updated_at = excluded.updated_at
WHERE stripe_products.is_deleted = 0
  AND (excluded.is_deleted = 1
       OR excluded.stripe_event_created > stripe_products.stripe_event_created
       OR (excluded.stripe_event_created = stripe_products.stripe_event_created
           AND (stripe_products.snapshot_digest IS NULL OR ?7 IN ('*', stripe_products.delivery_id))))
