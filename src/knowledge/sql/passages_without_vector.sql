-- Passages without a vector of this model, or with one that has no signature, among the next ones of all orgs (org_id);
-- behind them a row without a passage that says how far was looked. Indexes: passages.id, passage_vectors.passage_id.
-- ?1 the last passage before   ?2 model   ?3 how many are looked at   ?4 how many are given
WITH looked AS MATERIALIZED (
  SELECT p.id, p.org_id,
         NOT EXISTS (SELECT 1 FROM passage_vectors v WHERE v.passage_id = p.id AND v.model = +?2
                     AND (v.signs_1 IS NOT NULL OR v.vector = '')) AS lacks
  FROM passages p WHERE p.id > ?1 ORDER BY p.id LIMIT +?3
),
lacking AS MATERIALIZED (
  SELECT l.id FROM looked l WHERE l.lacks ORDER BY l.id LIMIT +?4
)
SELECT p.id, p.org_id, p.chunk_id, p.title, p.page_label, p.content, v.vector
FROM lacking l CROSS JOIN passages p ON p.id = l.id
LEFT JOIN passage_vectors v ON v.passage_id = l.id AND v.model = +?2
UNION ALL
SELECT * FROM (
  SELECT l.id, l.org_id, NULL, NULL, NULL, NULL, NULL FROM looked l
  WHERE (SELECT count(*) FROM lacking) < ?4
  ORDER BY l.id DESC LIMIT 1)
