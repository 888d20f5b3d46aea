-- name: search_asked
-- params: words text
-- returns: query text, matches bigint
-- What is looked for, as a tsquery, and about how many published texts hold it: many where a choice or an exclusion
-- is among words that all are common.
SELECT asked.query::text AS query,
       CASE WHEN asked.query::text ~ '[|!]' AND asked.query::text !~ '<' AND of_words.fewest > 2000 THEN 2001
            ELSE matches_about(asked.query,
                               CASE WHEN is_all_of(asked.query, of_words.count) THEN of_words.holders END)
       END AS matches
  FROM websearch_to_tsquery('simple', $1::text) AS asked (query),
       (SELECT count(*), array_agg(coalesce(w.holders, 0)) AS holders, min(w.holders) AS fewest
          FROM words_of(to_tsvector('simple', $1::text)) AS d (word)
          LEFT JOIN word w USING (word)) AS of_words
