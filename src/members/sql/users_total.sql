-- How many people there are. Indexes: row_counts.name, and those of the scope.
SELECT c.total FROM row_counts c WHERE c.name = 'users' AND EXISTS (SELECT 1 FROM scope)
