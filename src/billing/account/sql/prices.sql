-- Prices that can be subscribed to, with the limits of their plans; the same for every org that asks (scope), at most 100.
-- It reads all rows of plan_prices, which are tens. Indexes: plan_limits.plan, stripe_products.stripe_product_id.
SELECT p.stripe_price_id, p.plan, coalesce(d.name, p.nickname) AS name, d.description, p.currency, p.unit_amount_cents,
       p.billing_interval, p.interval_count, l.messages_per_day, l.messages_per_month, l.voice_seconds_per_month,
       l.sites, l.members, l.knowledge_documents, l.knowledge_bytes, l.models
FROM scope CROSS JOIN plan_prices p
JOIN plan_limits l ON l.plan = p.plan
LEFT JOIN stripe_products d ON d.stripe_product_id = p.stripe_product_id
WHERE p.is_active = 1 AND p.is_deleted = 0 AND p.plan IS NOT NULL AND coalesce(d.is_active, 1) = 1
ORDER BY p.unit_amount_cents IS NULL, p.unit_amount_cents, p.stripe_price_id
LIMIT 100
