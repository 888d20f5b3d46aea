-- Something that the gateway was asked to do and has not answered.
CREATE TABLE open_request (
    subject       uuid NOT NULL,
    request       bigint NOT NULL,
    name          text,
    state         text,
    waiting       bigint NOT NULL,
    requested_by  bigint NOT NULL,
    opened_at_us  bigint,
    changed_at_us bigint,
    retry_at_us   bigint,
    attempt       bigint NOT NULL,
    reason        text,
    sequence      bigint NOT NULL,
    PRIMARY KEY (subject, request)
) WITH (fillfactor = 80);

-- What a provider said by itself.
CREATE TABLE provider_notice (
    notice         uuid NOT NULL,
    name           text,
    type           text,
    object         text,
    object_status  text,
    state          text,
    reason         text,
    currency       text,
    amount         bigint NOT NULL,
    made_at_us     bigint,
    received_at_us bigint,
    changed_at_us  bigint,
    sequence       bigint NOT NULL,
    PRIMARY KEY (notice)
) WITH (fillfactor = 80);
