/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_AGGREGATE_CAMPAIGN_H
#define CF_CORE_AGGREGATE_CAMPAIGN_H

/*
 * A campaign and what is known of its pledges as sums. Row CF_ROW_CAMPAIGN, by campaign id.
 * States and moves: campaign_states.def, after payments.md section 3.
 */

#include "core/aggregate/book.h"

#define CF_STRETCH_GOALS_MAX 16

/* FROZEN for one layout version. */
enum cf_campaign_state {
    CF_CAMPAIGN_NONE = 0,
    CF_CAMPAIGN_DRAFT = 1,
    CF_CAMPAIGN_SUBMITTED = 2,
    CF_CAMPAIGN_REJECTED = 3, /* terminal */
    CF_CAMPAIGN_APPROVED = 4,
    CF_CAMPAIGN_SCHEDULED = 5,
    CF_CAMPAIGN_LIVE = 6,
    CF_CAMPAIGN_SUSPENDED = 7,  /* from live or collecting; `state_before` says which */
    CF_CAMPAIGN_ENDED = 8,      /* never seen between commands: the verdict follows at once */
    CF_CAMPAIGN_COLLECTING = 9, /* funded, captures under way or in grace */
    CF_CAMPAIGN_SETTLED = 10,   /* its proceeds are payable, being paid, or paid */
    CF_CAMPAIGN_FAILED = 11,    /* pledges being released */
    CF_CAMPAIGN_CANCELLED = 12, /* pledges being released or refunded */
    CF_CAMPAIGN_PURGED = 13,    /* as cancelled, by the platform */
    CF_CAMPAIGN_CLOSED = 14     /* terminal */
};

struct cf_campaign {
    struct cf_id creator_id;
    int64_t created_at_us;
    int64_t starts_at_us;
    int64_t ends_at_us;
    int64_t launched_at_us;
    int64_t late_until_us;          /* 0: late pledges are closed */
    int64_t final_collection_at_us; /* end of the grace window */
    int64_t reserve_release_at_us;
    int64_t goal_minor;

    /* Sums over the pledges, in minor units. */
    int64_t committed_minor;  /* memo:pledged. Card saved, nothing held; errored ones count here */
    int64_t authorized_minor; /* memo:authorized. Held, or being captured from a hold */
    int64_t captured_minor;   /* ever captured */
    int64_t refunded_minor;   /* asked back, whether it left or not */
    int64_t charged_back_minor;
    int64_t fees_minor; /* processor fees recorded */
    int64_t late_captured_minor;

    int64_t
        unsettled_minor;   /* captured, not asked back, in no settlement yet: the next fee's base */
    int64_t reserve_minor; /* kept back and not released */

    int64_t stretch_minor[CF_STRETCH_GOALS_MAX];
    struct cf_token slug;

    uint32_t version;
    uint32_t pledges_open;     /* made in time, and may still move without a refund or dispute */
    uint32_t late_open;        /* the same of late pledges */
    uint32_t pledges_captured; /* captured and not refunded whole or charged back */
    uint32_t fees_missing;     /* captures in time whose fee is not recorded */
    uint32_t refunds_open;     /* owed: asked for, and neither left nor paid otherwise */
    uint32_t disputes_open;
    uint32_t backers; /* distinct, with a pledge that counts */
    uint32_t reward_count;
    uint32_t settled_rounds;
    uint32_t platform_fee_bps;
    uint32_t reserve_bps;
    uint32_t reserve_days;
    uint32_t tax_bps;
    char tax_jurisdiction[16];
    uint16_t currency; /* enum cf_currency */
    uint8_t state;     /* enum cf_campaign_state */
    uint8_t state_before;
    uint8_t model;                /* enum cf_funding_model */
    uint8_t processor_fee_bearer; /* enum cf_bearer */
    uint8_t funded;               /* the verdict was yes */
    uint8_t goal_reached;         /* 0 or 1, as all below; never goes back */
    uint8_t goal_certain;
    uint8_t stretch_count;
    uint8_t stretch_unlocked; /* levels 1 to this one */
    uint8_t run;              /* enum cf_run under way, 0 none */
    uint8_t any_duration;     /* 0 or 1: the policy "duration" was overridden */
    uint8_t no_holds;         /* 0 or 1: "holds" was; cards are not held before the end */
    uint8_t any_amount;       /* 0 or 1: "least" was; pledges below what the provider charges */
    struct cf_id run_cursor;
};

/* What counts towards an all-or-nothing goal: committed, authorized, errored before the end,
 * captured. */
static inline int64_t cf_campaign_pledged(const struct cf_campaign *campaign)
{
    return campaign->committed_minor + campaign->authorized_minor + campaign->captured_minor -
           campaign->refunded_minor - campaign->charged_back_minor;
}

/* What counts towards the goal and the stretch goals, which never lock again: also what has gone back since. No
 * provider's news lowers it, so their order does not show. */
static inline int64_t cf_campaign_gathered(const struct cf_campaign *campaign)
{
    return campaign->committed_minor + campaign->authorized_minor + campaign->captured_minor;
}

/* What counts towards a hybrid goal: authorized or captured. */
static inline int64_t cf_campaign_secured(const struct cf_campaign *campaign)
{
    return campaign->authorized_minor + campaign->captured_minor - campaign->refunded_minor -
           campaign->charged_back_minor;
}

/* A reward's stock. Row CF_ROW_REWARD, by reward id. */
struct cf_reward {
    struct cf_id campaign_id;
    int64_t minimum_minor;
    int64_t shipping_minor;
    uint32_t limit;            /* 0: any number */
    uint32_t per_backer_limit; /* 0: any number */
    uint32_t claimed;          /* never above the limit that stood when the claim was made */
    uint8_t withdrawn;
    uint8_t needs_address;
};

/* One backer's claims on one reward, of those made while it had a limit per backer.
 * Row CF_ROW_REWARD_BACKING, by reward and backer. */
struct cf_reward_backing {
    uint32_t claimed;
};

/* One round of settlement, for its pledges' shares of the fee (settlement.h).
 * Row CF_ROW_SETTLEMENT, by campaign and round. */
struct cf_settlement {
    int64_t collected_minor;
    int64_t fee_minor;
    uint64_t cut_remainder;
    struct cf_id cut_pledge_id; /* zero: no pledge gets the odd unit */
};

/* One backer in one campaign. Row CF_ROW_BACKING, by campaign and backer. */
struct cf_backing {
    uint32_t pledges_open;    /* not ended: checkout to captured */
    uint32_t pledges_counted; /* that count towards `backers` */
};

#endif
