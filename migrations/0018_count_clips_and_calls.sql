-- What sites say aloud, beside what they write: clips that were spoken and calls that were opened, in the counters
-- of messages, money and voice.

-- Texts that were turned into speech. Their length is in voice_ms.
ALTER TABLE budget_counters ADD COLUMN clips INTEGER NOT NULL DEFAULT 0;
-- Conversations with a voice agent that were let in. How long they took is the provider's to tell.
ALTER TABLE budget_counters ADD COLUMN calls INTEGER NOT NULL DEFAULT 0;
