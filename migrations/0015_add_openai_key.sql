-- The key with which a site's OpenAI models are asked, encrypted as google_api_key is.

ALTER TABLE portal_sites ADD COLUMN openai_api_key TEXT;
