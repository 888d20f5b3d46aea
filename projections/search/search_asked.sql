-- name: search_asked
-- params: words text
-- returns: query text, matches bigint
-- What is looked for, as a tsquery, and about how many published texts hold it.
SELECT asked.query::text AS query,
       matches_about(asked.query, CASE WHEN is_all_of(asked.query, of_words.count) THEN of_words.holders END) AS matches
  FROM websearch_to_tsquery('simple', $1::text) AS asked (query),
       (SELECT count(*), array_agg(coalesce(w.holders, 0)) AS holders
          FROM words_of(to_tsvector('simple', $1::text)) AS d (word)
          LEFT JOIN word w USING (word)) AS of_words
