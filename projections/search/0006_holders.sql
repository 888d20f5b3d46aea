-- indexes
-- How many published texts hold each word, so that it is known before a search about how much it would find.
TRUNCATE word;
ALTER TABLE word ADD COLUMN holders bigint NOT NULL;
DROP INDEX word_left_out, word_trigrams;
INSERT INTO word (word, holders)
SELECT word, ndoc FROM ts_stat('SELECT document FROM campaign_text WHERE is_published')
 WHERE word ~ '^[[:alpha:]]{3,24}$';
CREATE INDEX word_left_out ON word USING gin (left_out(word)) WITH (fastupdate = off);
CREATE INDEX word_trigrams ON word USING gin (word gin_trgm_ops) WITH (fastupdate = off);
ANALYZE word;

CREATE OR REPLACE FUNCTION words_come() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO word AS w (word, holders)
    SELECT d.word, count(*) FROM came, words_of(came.document) AS d (word) WHERE came.is_published GROUP BY d.word
        ON CONFLICT (word) DO UPDATE SET holders = w.holders + excluded.holders;
    RETURN NULL;
END $$;

-- As it was in 0003, but for the words: their holders are counted down, and what nobody holds goes.
CREATE OR REPLACE FUNCTION words_go() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_SCHEMA = 'coffer_search' AND
       EXISTS (SELECT FROM went JOIN came USING (campaign)
                WHERE went.is_published AND NOT came.is_published) THEN
        DROP SCHEMA IF EXISTS coffer_search_previous CASCADE;
        UPDATE coffer.position
           SET previous_sequence = NULL, previous_time_us = NULL, previous_version = NULL
         WHERE model = 'search';
        IF pg_try_advisory_xact_lock(7161992, 0) THEN -- no rebuild is under way
            DROP SCHEMA IF EXISTS coffer_search_shadow CASCADE;
        END IF;
    END IF;
    WITH gone AS (
        SELECT d.word, count(*) AS holders
          FROM went, words_of(went.document) AS d (word)
         WHERE went.is_published
         GROUP BY d.word
    )
    UPDATE word AS w SET holders = w.holders - gone.holders FROM gone WHERE w.word = gone.word;
    DELETE FROM word AS w
     USING (SELECT DISTINCT d.word FROM went, words_of(went.document) AS d (word) WHERE went.is_published) AS gone
     WHERE w.word = gone.word AND w.holders = 0;
    RETURN NULL;
END $$;

-- About how many published texts hold a query. `holders`: of the words that each match holds, as far as they are
-- known. It is counted, up to 1,000, where the words do not say it themselves; 2,001 stands for many.
CREATE FUNCTION matches_about(query tsquery, holders bigint[])
    RETURNS bigint STABLE PARALLEL SAFE LANGUAGE sql
RETURN (
    SELECT CASE WHEN fewest < 10 OR words = 1 THEN fewest
                WHEN likely > 2000 THEN likely::bigint
                ELSE (SELECT CASE WHEN count(*) <= 1000 THEN count(*) ELSE greatest(1001, coalesce(likely, 2001))::bigint END
                        FROM (SELECT FROM campaign_text t
                               WHERE t.is_published AND t.document @@ query
                               LIMIT 1001) AS counted)
           END
      FROM (SELECT count(h) AS words, min(h) AS fewest,
                   min(texts) * exp(sum(ln((h + 1e-9) / texts))) AS likely -- if they came independently
              FROM (SELECT greatest(reltuples, 1)::float8 AS texts
                      FROM pg_class WHERE oid = 'campaign_text'::regclass) AS about
              LEFT JOIN unnest(holders) AS h ON true) AS of_words
);

-- Whether a query asks for so many words, all of them, and for nothing else.
CREATE FUNCTION is_all_of(query tsquery, words bigint) RETURNS boolean IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
RETURN words > 0 AND numnode(query) = 2 * words - 1 AND query::text !~ '[|!<]';
