-- What search looks through: the opened texts of published campaigns, and the sealed ones of others.
CREATE TABLE campaign_text (
    campaign     uuid NOT NULL,
    is_published boolean NOT NULL,
    is_erased    boolean NOT NULL,
    sealed_title bytea,
    sealed_story bytea,
    title        text,
    story        text,
    sequence     bigint NOT NULL,
    PRIMARY KEY (campaign)
) WITH (fillfactor = 80);

-- Words as they stand, of any language; those of the title weigh more.
ALTER TABLE campaign_text ADD COLUMN document tsvector GENERATED ALWAYS AS (
    setweight(to_tsvector('simple', coalesce(title, '')), 'A') ||
    setweight(to_tsvector('simple', left(coalesce(story, ''), 20000)), 'C')) STORED;
