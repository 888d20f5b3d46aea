-- Money on its way to a creator.
CREATE TABLE payout (
    payout                uuid NOT NULL,
    campaign              uuid,
    creator               uuid,
    state                 text,
    currency              text,
    amount                bigint NOT NULL,
    account               text,
    transfer              text,
    bank_payout           text,
    reversal              text,
    reason                text,
    attempt               bigint NOT NULL,
    requested_at_us       bigint,
    paid_at_us            bigint,
    requested_at_sequence bigint NOT NULL,
    sequence              bigint NOT NULL,
    PRIMARY KEY (payout)
) WITH (fillfactor = 80);
