-- The title and how the story begins: what a match is ranked by. Small enough to stand beside the row, where
-- the whole document of a long story is fetched from elsewhere, a few microseconds for each of many.
ALTER TABLE campaign_text ADD COLUMN lead tsvector GENERATED ALWAYS AS (
    setweight(to_tsvector('simple', coalesce(title, '')), 'A') ||
    setweight(to_tsvector('simple', left(coalesce(story, ''), 600)), 'C')) STORED;
