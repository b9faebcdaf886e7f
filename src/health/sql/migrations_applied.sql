-- Names of the applied migrations, as `wrangler d1 migrations apply` records them: tens of rows.
SELECT name FROM d1_migrations ORDER BY id
