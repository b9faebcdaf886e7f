-- Takes messages of any org_id out of the index. Indexes: messages.message_id, feeds.name.
-- Nothing when another feed was faster. ?1 messages as a JSON array   ?2 number of the last change
DELETE FROM messages
WHERE message_id IN (SELECT value FROM json_each(?1))
  AND (SELECT f.seq FROM feeds f WHERE f.name = 'messages') < ?2
