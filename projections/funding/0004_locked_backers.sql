-- A failed campaign lets its backers go; its page goes on showing how many there were.
ALTER TABLE campaign_total ADD COLUMN locked_backers bigint NOT NULL DEFAULT 0;
