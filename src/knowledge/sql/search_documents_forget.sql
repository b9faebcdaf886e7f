-- Nobody writes of these documents any more. Index: feeds.name.   ?1 the documents' feeds as a JSON array
DELETE FROM feeds WHERE name IN (SELECT value FROM json_each(?1))
