/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_SUPPORT_WORLD_H
#define CF_TESTS_SUPPORT_WORLD_H

/*
 * A small platform that lives a random, legal life: campaigns of all three models, with declines,
 * amendments, lapsed holds, late money, refunds, disputes, payouts and debts. It plays the deciders
 * and the provider at once and appends the events to a history.
 *
 * It keeps a model of its own: of each pledge what is pledged, held, charged, asked back and gone,
 * and of each account a balance that is moved by debit and credit as payments.md section 6 has
 * them. It never reads the book and shares no arithmetic with it, so that the two can be compared.
 *
 * The same seed gives the same life.
 */

#include "tests/support/history.h"
#include "tests/support/random.h"

#define CF_WORLD_CAMPAIGNS_MAX 3
#define CF_WORLD_PLEDGES_MAX 96
#define CF_WORLD_REFUNDS_MAX 160
#define CF_WORLD_PAYOUTS_MAX 48
#define CF_WORLD_BALANCES_MAX 64

enum cf_model_state {
    CF_MODEL_CHECKOUT,
    CF_MODEL_COMMITTED,
    CF_MODEL_AUTHORIZING,
    CF_MODEL_AUTHORIZED,
    CF_MODEL_CAPTURING,
    CF_MODEL_ERRORED,
    CF_MODEL_CHARGED,
    CF_MODEL_DISPUTED,
    CF_MODEL_CHARGED_BACK,
    CF_MODEL_ENDED /* without money of its own */
};

struct cf_model_pledge {
    struct cf_id id;
    struct cf_id backer;
    int campaign;
    int reward; /* -1: none */
    enum cf_model_state state;
    int64_t amount;
    int64_t pledged; /* of it, in memo:pledged */
    int64_t held;    /* of it, in memo:authorized */
    int64_t charged;
    int64_t kept;        /* when its round was settled */
    int64_t asked_back;  /* in all */
    int64_t gone;        /* of that, left */
    int64_t asked_after; /* of that, after its settlement */
    int64_t fee_part;    /* of the platform's fee */
    int64_t fee_back;    /* of it, given back */
    int64_t charged_back;
    int64_t disputed;
    int64_t dispute_hold;
    int64_t fee;       /* the processor's; 0 until recorded */
    int64_t available; /* to become so */
    uint32_t round;    /* its settlement, once charged */
    uint32_t attempt;
    uint32_t intent; /* number of the one that counts; 0 none */
    bool late;
    bool fee_known;
    bool settled;
    bool void_due;     /* its intent is to be cancelled at the provider */
    uint32_t replaced; /* another intent to be cancelled; 0 none */
};

struct cf_model_refund {
    struct cf_id id;
    int pledge;
    int64_t amount;
    enum { CF_MODEL_ASKED, CF_MODEL_LEFT, CF_MODEL_FAILED, CF_MODEL_DONE } state;
    uint32_t attempt;
    bool orphaned;
};

enum cf_model_phase {
    CF_MODEL_LIVE,
    CF_MODEL_COLLECTING,
    CF_MODEL_SETTLED,
    CF_MODEL_WINDING_DOWN, /* failed, cancelled, purged */
    CF_MODEL_CLOSED
};

struct cf_model_campaign {
    struct cf_id id;
    struct cf_id rewards[2];
    uint32_t limits[2];
    uint32_t claimed[2];
    enum cf_model_phase phase;
    enum cf_funding_model model;
    enum cf_bearer bearer;
    int64_t goal;
    int64_t ends_at_us;
    int64_t reserve; /* kept back of this campaign */
    uint32_t fee_bps, reserve_bps, tax_bps;
    uint32_t rounds;
    uint32_t steps; /* left in this phase */
    bool goal_reached, goal_certain, late_open, settled_once;
};

struct cf_model_payout {
    struct cf_id id;
    int campaign;
    int64_t amount;
    uint32_t attempt;
    enum {
        CF_MODEL_WANTED,
        CF_MODEL_MOVED,
        CF_MODEL_SENT,
        CF_MODEL_PAID,
        CF_MODEL_BOUNCED,
        CF_MODEL_OVER
    } state;
};

struct cf_model_balance {
    struct cf_account account;
    int64_t minor;
};

struct cf_world {
    struct cf_history history;
    struct cf_random random;
    enum cf_currency currency;
    struct cf_id creator; /* of every campaign */
    struct cf_model_campaign campaigns[CF_WORLD_CAMPAIGNS_MAX];
    struct cf_model_pledge pledges[CF_WORLD_PLEDGES_MAX];
    struct cf_model_refund refunds[CF_WORLD_REFUNDS_MAX];
    struct cf_model_payout payouts[CF_WORLD_PAYOUTS_MAX];
    struct cf_model_balance balances[CF_WORLD_BALANCES_MAX];
    int campaign_count, pledge_count, refund_count, payout_count, balance_count;
    int64_t spoken_for; /* by payouts that have not moved yet */
    int64_t fees_taken; /* of the platform, settlement by settlement */
    uint32_t tokens;    /* made so far */
    char token_text[8][64];
};

/* A platform with one creator and nothing else. */
void cf_world_init(struct cf_world *world, uint64_t seed);
/* The same, and every event from the first one on is shown to `on_event`. */
void cf_world_init_into(struct cf_world *world, uint64_t seed, cf_history_fn *on_event,
                        void *context);
void cf_world_clean_up(struct cf_world *world);

/* One random thing happens, or nothing. */
void cf_world_step(struct cf_world *world);

/* A whole life: campaigns begin, live, and are all closed at the end. */
void cf_world_live(struct cf_world *world);

/* The model's balances are the book's, account by account. */
void cf_world_check_balances(const struct cf_world *world);

#endif
