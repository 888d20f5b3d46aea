-- Where each read model is in the log. Saved in the same transaction as its rows.
CREATE TABLE position (
    model    text   PRIMARY KEY,
    sequence bigint NOT NULL,
    version  bigint NOT NULL, -- of the model's fold: a program with another one asks for a rebuild
    time_us  bigint NOT NULL  -- of the record at `sequence`
);

-- Events that a model could not take. The model stands still behind the first one.
CREATE TABLE parked (
    model     text        NOT NULL,
    sequence  bigint      NOT NULL,
    event     text        NOT NULL,
    reason    text        NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (model, sequence)
);

-- Typo-tolerant search. In this schema, so that a model's schema can be renamed and dropped.
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA coffer;
