-- How many letters apart two words are, for search.
CREATE EXTENSION IF NOT EXISTS fuzzystrmatch SCHEMA coffer;
