-- Whose a turn is: of a customer's server or of a client, so that neither takes the other's place, and no client all
-- places.

-- The gateway token that asked; NULL for a page.
ALTER TABLE chat_turns ADD COLUMN token_id TEXT;
-- The digest of a page's address, as counters of minutes know it; NULL for a server.
ALTER TABLE chat_turns ADD COLUMN client_digest TEXT;
-- Of the message, with its id: the same id with other words is another message. client_message_id holds a digest too,
-- of the visitor (or of the address) and the id that the visitor gave.
ALTER TABLE chat_turns ADD COLUMN message_digest TEXT;
-- The gateway token that opened the session; NULL for a page.
ALTER TABLE chat_sessions ADD COLUMN token_id TEXT;

CREATE INDEX chat_turns_opening_by_client ON chat_turns (site_id, client_digest, admitted_at)
  WHERE opens_session = 1 AND client_digest IS NOT NULL;
CREATE INDEX chat_sessions_active_by_opener ON chat_sessions (site_id, token_id, last_message_at)
  WHERE status = 'active';

-- Where a turn forgets its visitor, it forgets these as well.
CREATE TRIGGER chat_turns_forget_their_client AFTER UPDATE OF visitor_id ON chat_turns
WHEN new.visitor_id IS NULL AND (new.client_digest IS NOT NULL OR new.message_digest IS NOT NULL)
BEGIN
  UPDATE chat_turns SET client_digest = NULL, message_digest = NULL WHERE id = new.id AND org_id = new.org_id;
END;
