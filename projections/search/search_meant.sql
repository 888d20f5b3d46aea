-- name: search_meant
-- params: words text
-- returns: query text, matches bigint
-- What may have been meant: each word may also be one of its neighbours, those that one error makes of it, and for
-- long words that no text holds those that look alike by their trigrams and differ in at most a third of the
-- letters. A word that texts do hold brings neighbours that together at most 600 hold. No row where no word
-- has any. Each step looks at a bounded number of candidates.
WITH RECURSIVE doubted AS MATERIALIZED (
    SELECT row_number() OVER () AS number, d.word, coalesce(w.holders, 0) AS holders
      FROM words_of(to_tsvector('simple', $1::text)) AS d (word)
      LEFT JOIN word w USING (word)
     LIMIT 8
), close AS MATERIALIZED (
    SELECT d.number, d.word, c.word AS neighbour, c.holders
      FROM doubted d
     CROSS JOIN LATERAL (SELECT w.word, w.holders FROM word w
                          WHERE left_out(w.word) && left_out(d.word) LIMIT 300) c
     WHERE c.word <> d.word AND levenshtein_less_equal(c.word, d.word, 2) <= 2
), far AS (
    SELECT d.number, d.word, c.word AS neighbour, c.holders
      FROM doubted d
     CROSS JOIN LATERAL (SELECT w.word, w.holders FROM word w WHERE w.word % d.word LIMIT 1000) c
     WHERE length(d.word) >= 6 AND d.holders = 0 AND d.number NOT IN (SELECT number FROM close)
       AND levenshtein_less_equal(c.word, d.word, 3) <= least(length(d.word) / 3, 3)
), near AS (
    SELECT number, neighbour, holders,
           row_number() OVER nearest AS place, sum(holders) OVER nearest AS holders_so_far
      FROM (SELECT * FROM close UNION ALL SELECT * FROM far) either
    WINDOW nearest AS (PARTITION BY number ORDER BY similarity(word, neighbour) DESC, neighbour)
), widened AS MATERIALIZED (
    SELECT d.number, d.word, d.holders + coalesce(sum(n.holders), 0)::bigint AS holders,
           '|' || string_agg(n.neighbour, '|') AS neighbours
      FROM doubted d
      LEFT JOIN near n ON n.number = d.number AND n.place <= 10 AND (d.holders = 0 OR n.holders_so_far <= 600)
     GROUP BY d.number, d.word, d.holders
), rewritten (number, query) AS (
    SELECT 0::bigint, websearch_to_tsquery('simple', $1::text)
     UNION ALL
    SELECT w.number, ts_rewrite(r.query, w.word::tsquery, (w.word || coalesce(w.neighbours, ''))::tsquery)
      FROM rewritten r
      JOIN widened w ON w.number = r.number + 1
)
SELECT r.query::text AS query,
       matches_about(r.query, (SELECT array_agg(holders) FROM widened
                                WHERE is_all_of(websearch_to_tsquery('simple', $1::text), (SELECT count(*) FROM doubted)))) AS matches
  FROM rewritten r
 WHERE EXISTS (SELECT FROM widened WHERE neighbours IS NOT NULL)
 ORDER BY r.number DESC
 LIMIT 1
