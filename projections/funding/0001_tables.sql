-- A pledge as its backer and the creator see it.
CREATE TABLE pledge (
    pledge              uuid NOT NULL,
    campaign            uuid,
    backer              uuid,
    reward              uuid,
    state               text,
    status              text,
    currency            text,
    amount              bigint NOT NULL,
    shipping            bigint NOT NULL,
    add_ons             bytea,
    promised            bigint NOT NULL,
    held                bigint NOT NULL,
    captured            bigint NOT NULL,
    refund_requested    bigint NOT NULL,
    refunded            bigint NOT NULL,
    disputed            bigint NOT NULL,
    charged_back        bigint NOT NULL,
    fee                 bigint NOT NULL,
    refunds_open        bigint NOT NULL,
    refunds_failed      bigint NOT NULL,
    is_late             boolean NOT NULL,
    is_warned           boolean NOT NULL,
    referrer            text,
    country             text,
    payment_method      text,
    intent              text,
    charge              text,
    decline             text,
    is_retryable        boolean NOT NULL,
    address             bytea,
    address_key         text,
    created_at_us       bigint,
    claim_expires_at_us bigint,
    counted_at_us       bigint,
    captured_at_us      bigint,
    capture_before_us   bigint,
    retry_at_us         bigint,
    ended_at_us         bigint,
    created_at_sequence bigint NOT NULL,
    sequence            bigint NOT NULL,
    PRIMARY KEY (pledge)
) WITH (fillfactor = 80);

-- Money that is owed back to a backer.
CREATE TABLE refund (
    refund             uuid NOT NULL,
    pledge             uuid,
    campaign           uuid,
    state              text,
    currency           text,
    amount             bigint NOT NULL,
    reason             text,
    initiator          text,
    is_orphaned        boolean NOT NULL,
    provider_reference text,
    failure            text,
    attempt            bigint NOT NULL,
    requested_at_us    bigint,
    ended_at_us        bigint,
    sequence           bigint NOT NULL,
    PRIMARY KEY (refund)
) WITH (fillfactor = 80);

-- What a campaign's pledges come to.
CREATE TABLE campaign_total (
    campaign          uuid NOT NULL,
    status            text,
    currency          text,
    goal              bigint NOT NULL,
    pledged           bigint NOT NULL,
    promised          bigint NOT NULL,
    held              bigint NOT NULL,
    collected         bigint NOT NULL,
    captured          bigint NOT NULL,
    refunded          bigint NOT NULL,
    charged_back      bigint NOT NULL,
    fees              bigint NOT NULL,
    locked_pledged    bigint NOT NULL,
    is_locked         boolean NOT NULL,
    backers           bigint NOT NULL,
    pledges           bigint NOT NULL,
    dropped_out       bigint NOT NULL,
    last_pledge_at_us bigint,
    sequence          bigint NOT NULL,
    PRIMARY KEY (campaign)
) WITH (fillfactor = 80);

-- How often a reward is claimed, and by pledges of what amount.
CREATE TABLE reward_total (
    reward   uuid NOT NULL,
    campaign uuid,
    claimed  bigint NOT NULL,
    pledges  bigint NOT NULL,
    currency text,
    pledged  bigint NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (reward)
) WITH (fillfactor = 80);

-- One backer in one campaign.
CREATE TABLE backing (
    campaign    uuid NOT NULL,
    backer      uuid NOT NULL,
    pledges     bigint NOT NULL,
    currency    text,
    pledged     bigint NOT NULL,
    first_at_us bigint,
    sequence    bigint NOT NULL,
    PRIMARY KEY (campaign, backer)
) WITH (fillfactor = 80);

-- What a campaign's total did in one hour; the hour's number is its time divided by 3,600,000,000 µs.
CREATE TABLE funding_hour (
    campaign    uuid NOT NULL,
    hour        bigint NOT NULL,
    currency    text,
    pledged     bigint NOT NULL,
    collected   bigint NOT NULL,
    pledges     bigint NOT NULL,
    dropped_out bigint NOT NULL,
    sequence    bigint NOT NULL,
    PRIMARY KEY (campaign, hour)
) WITH (fillfactor = 80);

-- What lists of campaigns are filtered and sorted by. Only what has been launched is here.
CREATE TABLE listing (
    campaign               uuid NOT NULL,
    creator                uuid,
    status                 text,
    model                  text,
    category               text,
    subcategory            text,
    country                text,
    latitude_microdegrees  bigint NOT NULL,
    longitude_microdegrees bigint NOT NULL,
    is_located             boolean NOT NULL,
    is_public              boolean NOT NULL,
    launched_at_us         bigint,
    ends_at_us             bigint,
    goal                   bigint NOT NULL,
    currency               text,
    funded_bps             bigint NOT NULL,
    trend                  bigint NOT NULL,
    sequence               bigint NOT NULL,
    PRIMARY KEY (campaign)
) WITH (fillfactor = 80);
