-- Forgets old turns of all orgs, some at a time: nobody sends their messages again. Ids of version 7 begin with their
-- time. Index: chat_turns.id (PRIMARY KEY).   ?1 id before which all are older   ?2 how many at most
DELETE FROM chat_turns WHERE id IN (SELECT id FROM chat_turns WHERE id < ?1 ORDER BY id LIMIT +?2)
RETURNING 1 AS one
