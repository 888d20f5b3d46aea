-- The notes of what was migrated. Runs at every start, before anything else.
BEGIN;
SELECT pg_advisory_xact_lock(7161990, 0);
CREATE SCHEMA IF NOT EXISTS coffer;
CREATE TABLE IF NOT EXISTS coffer.migration (
    schema     text        NOT NULL,
    number     bigint      NOT NULL,
    name       text        NOT NULL,
    hash       bytea       NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (schema, number)
);
COMMIT;
