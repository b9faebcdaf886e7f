-- Notes how far the index has come with the changes of all orgs. Index: feeds.name.
-- ?1 number of the last change
UPDATE feeds SET seq = ?1 WHERE name = 'messages' AND seq < ?1
