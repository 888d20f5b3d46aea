-- indexes
CREATE INDEX campaign_text_document ON campaign_text USING gin (document) WHERE is_published;
CREATE INDEX campaign_text_trigrams ON campaign_text USING gin (lower(title) gin_trgm_ops)
    WHERE is_published;
