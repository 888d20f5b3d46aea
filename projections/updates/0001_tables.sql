-- News from a creator, sealed under the campaign's key.
CREATE TABLE campaign_update (
    campaign_update uuid NOT NULL,
    campaign        uuid,
    title           bytea,
    body            bytea,
    text_key        text,
    is_for_backers  boolean NOT NULL,
    posted_at_us    bigint,
    sequence        bigint NOT NULL,
    PRIMARY KEY (campaign_update)
) WITH (fillfactor = 80);
