-- The conversations of the org's newest messages that hold every word, at most 200 of 1000 messages.
-- Indexes: messages_fts (the tenant's key is a term of the match), messages.id.
-- ?1 match expression   ?2 org
SELECT DISTINCT newest.session_id
FROM (
  SELECT m.session_id
  FROM messages_fts
  CROSS JOIN messages m ON m.id = messages_fts.rowid
  WHERE messages_fts MATCH ?1 AND m.org_id = +?2
  ORDER BY messages_fts.rowid DESC
  LIMIT 1000
) AS newest
LIMIT 200
