-- The oldest changes of all orgs (org_id) that the index has not seen, each with the message as it is now;
-- it is gone where its content is NULL. As many as have ?3 characters together, so that of messages that
-- are gone very many are told at a time. Indexes: search_changes.seq, chat_messages.id.
-- ?1 how many at most   ?2 characters of a message at most   ?3 characters together
SELECT told.seq, told.message_id, told.session_id, told.org_id, told.content
FROM (
  SELECT x.seq, x.message_id, m.session_id, m.org_id, substr(m.content, 1, ?2) AS content,
         sum(min(coalesce(length(m.content), 0), ?2)) OVER (ORDER BY x.seq ROWS UNBOUNDED PRECEDING) AS characters
  FROM (SELECT seq, message_id FROM search_changes ORDER BY seq LIMIT +?1) AS x
  LEFT JOIN chat_messages m ON m.id = x.message_id
) AS told
WHERE told.characters <= ?3
ORDER BY told.seq
