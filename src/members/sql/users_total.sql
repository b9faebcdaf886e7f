-- How many people there are. Index: row_counts.name.
SELECT total FROM row_counts WHERE name = 'users'
