-- A person's newest campaign, and the one before each: so an erased person's are found.
CREATE TABLE author (
    creator  uuid NOT NULL,
    newest   uuid,
    sequence bigint NOT NULL,
    PRIMARY KEY (creator)
) WITH (fillfactor = 80);
ALTER TABLE campaign_text ADD COLUMN former uuid;
