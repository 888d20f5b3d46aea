-- indexes
-- The words of published texts, so that a mistyped one finds its neighbours. An index over campaign_text
-- rather than a table of the fold: two triggers keep it, and what no text holds any more goes.
DROP INDEX campaign_text_trigrams;
CREATE TABLE word (word text PRIMARY KEY);

CREATE FUNCTION words_of(document tsvector) RETURNS SETOF text IMMUTABLE PARALLEL SAFE LANGUAGE sql
BEGIN ATOMIC
    SELECT lexeme FROM unnest(tsvector_to_array(document)) AS lexeme
     WHERE lexeme ~ '^[[:alpha:]]{3,24}$';
END;

-- The word, and the word less each of its letters, as hashes. Words that are one letter too many, too few,
-- wrong or out of place apart have one of these in common, however short they are.
CREATE FUNCTION left_out(word text) RETURNS integer[] IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
RETURN (SELECT array_agg(hashtext(overlay(word PLACING '' FROM letter FOR 1))) || hashtext(word)
          FROM generate_series(1, length(word)) AS letter);

INSERT INTO word SELECT DISTINCT words_of(document) FROM campaign_text WHERE is_published;
CREATE INDEX word_left_out ON word USING gin (left_out(word)) WITH (fastupdate = off);
CREATE INDEX word_trigrams ON word USING gin (word gin_trgm_ops) WITH (fastupdate = off);
ANALYZE word;

CREATE FUNCTION words_come() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO word SELECT DISTINCT words_of(document) FROM came WHERE is_published
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

-- A text that is taken back is also in the tables that the last rebuild replaced, and in those of one that
-- was broken off: they go with it.
CREATE FUNCTION words_go() RETURNS trigger LANGUAGE plpgsql AS $$
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
    DELETE FROM word AS w
     USING (SELECT words_of(document) FROM went WHERE is_published
            EXCEPT SELECT words_of(document) FROM came WHERE is_published) AS gone (word)
     WHERE w.word = gone.word
       AND NOT EXISTS (SELECT FROM campaign_text t
                        WHERE t.is_published AND t.document @@ gone.word::tsquery);
    RETURN NULL;
END $$;

CREATE TRIGGER words_come_first AFTER INSERT ON campaign_text
    REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION words_come();
CREATE TRIGGER words_come AFTER UPDATE ON campaign_text
    REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION words_come();
CREATE TRIGGER words_go AFTER UPDATE ON campaign_text
    REFERENCING OLD TABLE AS went NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION words_go();
