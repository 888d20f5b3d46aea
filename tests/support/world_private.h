/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_SUPPORT_WORLD_PRIVATE_H
#define CF_TESTS_SUPPORT_WORLD_PRIVATE_H

/* What the world's files share. */

#include "tests/support/world.h"

/* Appends one event: CF_HAPPENS(world, PLEDGE_PLACED, pledge_placed, .pledge_id = …). */
#define CF_HAPPENS(world, TYPE, member, ...)                                                       \
    cf_history_append(&(world)->history,                                                           \
                      &(struct cf_event){.type = CF_EVENT_##TYPE, .member = {__VA_ARGS__}})

/* The model's books: debit one account, credit another. */
void cf_world_move(struct cf_world *world, enum cf_account_kind debit,
                   const struct cf_id *debit_owner, enum cf_account_kind credit,
                   const struct cf_id *credit_owner, int64_t minor);

/* What a liability account has to give; never negative. */
int64_t cf_world_owed(const struct cf_world *world, enum cf_account_kind kind,
                      const struct cf_id *owner);

/* What the creator has to get, less what payouts have spoken for. */
int64_t cf_world_payable(const struct cf_world *world);

/* "pi_17"; lives until eight more were made. */
struct cf_bytes cf_world_token(struct cf_world *world, const char *prefix, uint32_t number);
uint32_t cf_world_number(struct cf_world *world);

static inline struct cf_money cf_minor(int64_t minor)
{
    return cf_money_of(minor);
}

static inline int64_t cf_least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* True so many times in a hundred. */
static inline bool cf_chance(struct cf_world *world, unsigned percent)
{
    return cf_random_percent(&world->random, percent) != 0;
}

static inline struct cf_model_campaign *cf_campaign_of(struct cf_world *world,
                                                       const struct cf_model_pledge *pledge)
{
    return &world->campaigns[pledge->campaign];
}

/* Before capture (world_pledge.c). */
void cf_world_new_pledge(struct cf_world *world, int campaign, bool late);
void cf_world_pledge_step(struct cf_world *world, struct cf_model_pledge *pledge);
void cf_world_collect(struct cf_world *world, struct cf_model_pledge *pledge);
void cf_world_give_up(struct cf_world *world, struct cf_model_pledge *pledge);
void cf_world_release(struct cf_world *world, struct cf_model_pledge *pledge);
void cf_world_void(struct cf_world *world, struct cf_model_pledge *pledge);
bool cf_world_is_open(const struct cf_model_pledge *pledge);

/* After capture (world_money.c). */
void cf_world_captured(struct cf_world *world, struct cf_model_pledge *pledge);
void cf_world_orphan(struct cf_world *world, struct cf_model_pledge *pledge);
void cf_world_record_fee(struct cf_world *world, struct cf_model_pledge *pledge);
void cf_world_make_available(struct cf_world *world, struct cf_model_pledge *pledge);
void cf_world_refund(struct cf_world *world, struct cf_model_pledge *pledge, int64_t amount);
void cf_world_refund_step(struct cf_world *world, struct cf_model_refund *refund, bool finish);
void cf_world_dispute(struct cf_world *world, struct cf_model_pledge *pledge);
void cf_world_end_dispute(struct cf_world *world, struct cf_model_pledge *pledge);
void cf_world_charged_step(struct cf_world *world, struct cf_model_pledge *pledge);

/* Settlement and payouts (world_settle.c). */
void cf_world_settle(struct cf_world *world, int campaign);
void cf_world_pay_out(struct cf_world *world, int campaign);
void cf_world_payout_step(struct cf_world *world, struct cf_model_payout *payout, bool finish);
void cf_world_release_reserve(struct cf_world *world, int campaign);
void cf_world_debts(struct cf_world *world);

#endif
