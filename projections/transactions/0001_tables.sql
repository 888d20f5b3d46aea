-- A movement of money at the provider: of a pledge or a payout.
CREATE TABLE transaction (
    related            uuid NOT NULL,
    kind               bigint NOT NULL,
    part               uuid NOT NULL,
    related_type       text,
    type               text,
    status             text,
    campaign           uuid,
    person             uuid,
    currency           text,
    amount             bigint NOT NULL,
    fee                bigint NOT NULL,
    provider_reference text,
    reason             text,
    began_at_us        bigint,
    changed_at_us      bigint,
    available_at_us    bigint,
    began_at_sequence  bigint NOT NULL,
    sequence           bigint NOT NULL,
    PRIMARY KEY (related, kind, part)
) WITH (fillfactor = 80);
