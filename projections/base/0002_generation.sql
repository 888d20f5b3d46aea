-- A rebuild puts other tables in a model's place: its generation tells whoever has rows in hand, and
-- what it replaced is remembered for a rollback.
ALTER TABLE position
    ADD COLUMN generation        bigint NOT NULL DEFAULT 0,
    ADD COLUMN previous_sequence bigint,
    ADD COLUMN previous_time_us  bigint,
    ADD COLUMN previous_version  bigint;
