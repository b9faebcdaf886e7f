-- The configuration of the org of the request; no row if it has the defaults. Index: portal_config.org_id (UNIQUE).
SELECT c.org_id, c.branding, c.enabled_modules, c.custom_cards, c.settings, c.version, c.updated_at
FROM scope CROSS JOIN portal_config c ON c.org_id = scope.org_id
