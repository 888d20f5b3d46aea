/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_BENCH_HISTORY_PRIVATE_H
#define CF_TOOLS_BENCH_HISTORY_PRIVATE_H

/* What history.c (the world) and history_pledge.c (how a pledge moves) share. */

#include "core/money.h"
#include "tools/bench/history.h"

enum { CF_HISTORY_REWARDS = 3 };

struct cf_made_campaign {
    struct cf_id id, creator, rewards[CF_HISTORY_REWARDS];
    enum cf_currency currency;
    int64_t collected; /* that no payout took yet */
};

enum cf_made_state {
    CF_MADE_CHECKOUT,
    CF_MADE_COMMITTED,
    CF_MADE_AUTHORIZING,
    CF_MADE_AUTHORIZED,
    CF_MADE_CAPTURING,
    CF_MADE_ERRORED,
    CF_MADE_CAPTURED,
    CF_MADE_REFUND_PENDING,
    CF_MADE_REFUND_FAILED,
    CF_MADE_DISPUTED,
    CF_MADE_ENDED,
};

/* A pledge that can still move. */
struct cf_made_pledge {
    struct cf_id id, backer, reward, refund;
    uint32_t campaign; /* index */
    uint32_t version;
    enum cf_made_state state;
    int64_t amount, promised, held, captured, returned, refunding;
};

struct cf_history {
    uint64_t random;
    int64_t time_us;
    uint64_t made_count; /* ids made so far */
    struct cf_made_campaign *campaigns;
    size_t campaigns_count;
    struct cf_id *users;
    size_t users_count;
    struct cf_made_pledge *pledges;
    size_t pledges_count, pledges_max;
    struct cf_buf bytes;
    size_t *offsets; /* of each record, and of the end */
    struct cf_bytes *records;
    size_t count, capacity;
    enum cf_status status;
};

/* A number below `limit`. */
uint64_t cf_history__below(struct cf_history *history, uint64_t limit);
struct cf_id cf_history__id(struct cf_history *history);

/* A provider's reference made of a number; lives until the next call but seven. */
struct cf_bytes cf_history__token(const char *prefix, uint64_t number);

/* Appends an event to a stream. */
void cf_history__append(struct cf_history *history, struct cf_id stream, uint32_t version,
                        struct cf_id actor, const struct cf_event *event);

/* A new pledge, or one step of one. */
void cf_history__begin_pledge(struct cf_history *history, struct cf_made_pledge *pledge);
void cf_history__move_pledge(struct cf_history *history, struct cf_made_pledge *pledge);

#endif
