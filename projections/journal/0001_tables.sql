-- One line of the journal. Debit is positive; the lines of one sequence sum to zero.
CREATE TABLE posting (
    sequence     bigint NOT NULL,
    line         bigint NOT NULL,
    account_kind bigint NOT NULL,
    owner        uuid,
    currency     text,
    amount       bigint NOT NULL,
    balance      bigint NOT NULL,
    row_label    text,
    event        text,
    related      uuid,
    time_us      bigint,
    PRIMARY KEY (sequence, line)
);

-- An account as of now.
CREATE TABLE account (
    account_kind    bigint NOT NULL,
    currency_number bigint NOT NULL,
    owner           uuid NOT NULL,
    currency        text,
    name            text,
    balance         bigint NOT NULL,
    debits          bigint NOT NULL,
    credits         bigint NOT NULL,
    postings        bigint NOT NULL,
    sequence        bigint NOT NULL,
    PRIMARY KEY (account_kind, currency_number, owner)
) WITH (fillfactor = 80);
