-- The org's passages that may answer a question, most likely first, behind one row that says how common its words are.
-- Index: passages_words (the tenant's key is a term of each match), passages.id, passages_by_org,
-- passage_vectors_by_signs, passage_vectors.passage_id.
-- Each word is looked up by itself and as far as 400 passages: what it costs does not grow with the org. A word that
-- more of them hold says little by itself; it is looked up once more where a rarer word is, or else where all are.
-- ?1 the tenant's term   ?2 org_id   ?3 words as JSON: [number, kind, weight, match] each, the kinds being 0 the word
-- itself, 1 words of its meaning, 2 as it may be misspelt, 3 in titles   ?4 how many by words   ?5 model of the question's vector, or NULL
-- ?6 its signature in 24 parts as a JSON array, or NULL   ?7 how many by meaning
WITH probe AS MATERIALIZED (
  SELECT value ->> 0 AS term, value ->> 1 AS kind, value ->> 2 AS weight, value ->> 3 AS words
  FROM json_each(?3)
),
exact AS MATERIALIZED (
  SELECT term, kind, weight, words,
         (SELECT json_group_array(f.rowid) FROM (
            SELECT rowid FROM passages_words WHERE passages_words MATCH ?1 || ' AND ' || probe.words LIMIT 400) f) AS ids
  FROM probe WHERE kind = 0
),
rare AS MATERIALIZED (
  SELECT ' AND (' || group_concat('(' || words || ')', ' OR ') || ')' AS words
  FROM exact WHERE json_array_length(ids) BETWEEN 1 AND 399
),
common AS MATERIALIZED (
  SELECT ' AND ' || group_concat('(' || words || ')', ' AND ') AS words
  FROM exact WHERE json_array_length(ids) = 400
),
hits AS MATERIALIZED (
  SELECT term, kind, weight, ids FROM exact
  UNION ALL
  SELECT term, kind, weight,
         (SELECT json_group_array(f.rowid) FROM (
            SELECT rowid FROM passages_words
            WHERE passages_words MATCH ?1 || coalesce((SELECT words FROM rare), (SELECT words FROM common)) || ' AND ' || exact.words
            LIMIT 400) f)
  FROM exact WHERE json_array_length(ids) = 400
  UNION ALL
  SELECT term, kind, weight,
         (SELECT json_group_array(f.rowid) FROM (
            SELECT rowid FROM passages_words WHERE passages_words MATCH ?1 || ' AND ' || probe.words LIMIT 400) f)
  FROM probe
  WHERE kind IN (1, 3)
     OR (kind = 2 AND term IN (SELECT term FROM exact WHERE json_array_length(ids) = 0))
),
weighted AS MATERIALIZED (
  SELECT term, kind, ids, weight * CASE
      WHEN json_array_length(ids) <= 2 THEN 6.0 WHEN json_array_length(ids) <= 8 THEN 5.0
      WHEN json_array_length(ids) <= 25 THEN 4.0 WHEN json_array_length(ids) <= 80 THEN 3.0
      WHEN json_array_length(ids) <= 200 THEN 2.0 ELSE 1.0 END AS weight
  FROM hits WHERE json_array_length(ids) > 0
),
-- A word counts once, however it was found; in a title it counts besides.
counted AS (
  SELECT i.value AS id, max(w.weight) AS weight
  FROM weighted w CROSS JOIN json_each(w.ids) i
  GROUP BY i.value, w.term, w.kind = 3
),
best AS MATERIALIZED (
  SELECT id, sum(weight) AS weight FROM counted GROUP BY id ORDER BY 2 DESC, 1 LIMIT +?4
),
-- Where there is a vector of the question, the passages whose vectors have most bits of their signatures in common with
-- it have a chance as well, whatever their words: of the org's newest 20 000. Bits are counted in fields of four bits,
-- of three numbers each (12 at most), then in fields of eight, of which the remainder by 255 is the sum (186 at most).
counts AS (
  SELECT passage_id,
         (signs_1 & (?6 ->> 0)) + ((signs_1 >> 1) & (?6 ->> 1))
         + ((signs_1 >> 2) & (?6 ->> 2)) + ((signs_1 >> 3) & (?6 ->> 3))
         + (signs_2 & (?6 ->> 4)) + ((signs_2 >> 1) & (?6 ->> 5))
         + ((signs_2 >> 2) & (?6 ->> 6)) + ((signs_2 >> 3) & (?6 ->> 7))
         + (signs_3 & (?6 ->> 8)) + ((signs_3 >> 1) & (?6 ->> 9))
         + ((signs_3 >> 2) & (?6 ->> 10)) + ((signs_3 >> 3) & (?6 ->> 11)) AS low,
         (signs_4 & (?6 ->> 12)) + ((signs_4 >> 1) & (?6 ->> 13))
         + ((signs_4 >> 2) & (?6 ->> 14)) + ((signs_4 >> 3) & (?6 ->> 15))
         + (signs_5 & (?6 ->> 16)) + ((signs_5 >> 1) & (?6 ->> 17))
         + ((signs_5 >> 2) & (?6 ->> 18)) + ((signs_5 >> 3) & (?6 ->> 19))
         + (signs_6 & (?6 ->> 20)) + ((signs_6 >> 1) & (?6 ->> 21))
         + ((signs_6 >> 2) & (?6 ->> 22)) + ((signs_6 >> 3) & (?6 ->> 23)) AS high
  FROM passage_vectors
  WHERE org_id = +?2 AND model = +?5 AND signs_1 IS NOT NULL
  ORDER BY passage_id DESC LIMIT 20000
),
near AS MATERIALIZED (
  SELECT passage_id AS id FROM counts
  ORDER BY ((low & 1085102592571150095) + ((low >> 4) & 1085102592571150095)) % 255
           + ((high & 1085102592571150095) + ((high >> 4) & 1085102592571150095)) % 255 DESC,
           passage_id
  LIMIT +?7
)
SELECT NULL AS chunk_id, NULL AS source_id, NULL AS document_id, NULL AS version_id, NULL AS title, NULL AS content,
       NULL AS page_label, NULL AS vector,
       (SELECT json_group_array(json_array(term, kind, json_array_length(ids))) FROM hits) AS found,
       (SELECT count(*) FROM (SELECT 1 FROM passages WHERE org_id = +?2 LIMIT 4000)) AS passages
UNION ALL
SELECT * FROM (
  SELECT p.chunk_id, p.source_id, p.document_id, p.version_id, p.title, p.content, p.page_label, v.vector, NULL, NULL
  FROM (SELECT id, max(weight) AS weight FROM (SELECT id, weight FROM best UNION ALL SELECT id, 0.0 FROM near) GROUP BY id) c
  CROSS JOIN passages p ON p.id = c.id AND p.org_id = +?2
  LEFT JOIN passage_vectors v ON v.passage_id = p.id AND v.model = +?5
  ORDER BY c.weight DESC, p.id
)
