-- The oldest changes of all orgs (org_id) that the index has not seen, each with the message as it is now;
-- it is gone where its content is NULL. Indexes: search_changes.seq, chat_messages.id.   ?1 how many
SELECT x.seq, x.message_id, m.session_id, m.org_id, m.content
FROM search_changes x
LEFT JOIN chat_messages m ON m.id = x.message_id
ORDER BY x.seq
LIMIT ?1
