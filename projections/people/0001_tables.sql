-- A person's account. What others see of it is sealed under the person's key.
CREATE TABLE person (
    person            uuid NOT NULL,
    state             text,
    roles             bigint NOT NULL,
    email             bytea,
    email_key         text,
    is_email_verified boolean NOT NULL,
    display_name      bytea,
    display_name_key  text,
    biography         bytea,
    biography_key     text,
    location          bytea,
    location_key      text,
    identity          text,
    identity_failure  text,
    customer          text,
    account           text,
    account_country   text,
    charges_enabled   boolean NOT NULL,
    payouts_enabled   boolean NOT NULL,
    details_submitted boolean NOT NULL,
    disabled_reason   text,
    has_second_factor boolean NOT NULL,
    legal_holds       bigint NOT NULL,
    is_imported       boolean NOT NULL,
    reason            text,
    registered_at_us  bigint,
    erased_at_us      bigint,
    sequence          bigint NOT NULL,
    PRIMARY KEY (person)
) WITH (fillfactor = 80);

-- A card at the provider that may be charged without its holder present.
CREATE TABLE card (
    card           uuid NOT NULL,
    person         uuid,
    payment_method text,
    label          bytea,
    label_key      text,
    is_removed     boolean NOT NULL,
    saved_at_us    bigint,
    sequence       bigint NOT NULL,
    PRIMARY KEY (card)
) WITH (fillfactor = 80);

-- Consent given to, or withdrawn from, one purpose under one version of its text.
CREATE TABLE consent (
    sequence       bigint NOT NULL,
    person         uuid,
    purpose        text,
    version        text,
    is_granted     boolean NOT NULL,
    recorded_at_us bigint,
    PRIMARY KEY (sequence)
);
