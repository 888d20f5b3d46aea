/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables, each made twice from its lists: as rows to print, and as a matrix to ask. A row that
 * is listed twice does not compile.
 */
#include "core/aggregate/states.h"

#include "core/base/assert.h"

/* The groups of the stays: X(state) for each state of the group. */
#define CF_PLEDGE_IN_ENDED(X, event, why)                                                          \
    X(event, ABANDONED, why)                                                                       \
    X(event, CANCELLED, why)                                                                       \
    X(event, DROPPED, why)                                                                         \
    X(event, RELEASED, why)                                                                        \
    X(event, REFUNDED, why)                                                                        \
    X(event, CHARGED_BACK, why)
#define CF_PLEDGE_IN_TAKEN(X, event, why)                                                          \
    X(event, CAPTURED, why)                                                                        \
    X(event, REFUND_PENDING, why)                                                                  \
    X(event, PARTIALLY_REFUNDED, why)                                                              \
    X(event, REFUND_FAILED, why)                                                                   \
    X(event, DISPUTED, why)
#define CF_PLEDGE_IN_CHARGED(X, event, why)                                                        \
    CF_PLEDGE_IN_TAKEN(X, event, why)                                                              \
    X(event, REFUNDED, why)                                                                        \
    X(event, CHARGED_BACK, why)
#define CF_PLEDGE_IN_LATE(X, event, why)                                                           \
    CF_PLEDGE_IN_TAKEN(X, event, why)                                                              \
    CF_PLEDGE_IN_ENDED(X, event, why)
#define CF_PLEDGE_IN_MADE(X, event, why)                                                           \
    X(event, CHECKOUT, why)                                                                        \
    X(event, REQUIRES_ACTION, why)                                                                 \
    X(event, COMMITTED, why)                                                                       \
    X(event, AUTHORIZING, why)                                                                     \
    X(event, AUTHORIZED, why)                                                                      \
    X(event, REAUTH_DUE, why)                                                                      \
    X(event, CAPTURING, why)                                                                       \
    X(event, ERRORED, why)                                                                         \
    CF_PLEDGE_IN_LATE(X, event, why)

#define CF_CAMPAIGN_IN_OPEN(X, event, why)                                                         \
    X(event, DRAFT, why)                                                                           \
    X(event, APPROVED, why)                                                                        \
    X(event, SCHEDULED, why)                                                                       \
    X(event, LIVE, why)                                                                            \
    X(event, COLLECTING, why)                                                                      \
    X(event, SETTLED, why)
#define CF_CAMPAIGN_IN_ENDING(X, event, why)                                                       \
    X(event, SUSPENDED, why)                                                                       \
    X(event, ENDED, why)                                                                           \
    X(event, FAILED, why)                                                                          \
    X(event, CANCELLED, why)                                                                       \
    X(event, PURGED, why)                                                                          \
    X(event, CLOSED, why)
#define CF_CAMPAIGN_IN_SEEN(X, event, why)                                                         \
    X(event, APPROVED, why)                                                                        \
    X(event, SCHEDULED, why)                                                                       \
    X(event, LIVE, why)                                                                            \
    X(event, COLLECTING, why)                                                                      \
    X(event, SETTLED, why)                                                                         \
    CF_CAMPAIGN_IN_ENDING(X, event, why)
#define CF_CAMPAIGN_IN_MADE(X, event, why)                                                         \
    CF_CAMPAIGN_IN_OPEN(X, event, why)                                                             \
    X(event, SUBMITTED, why)                                                                       \
    X(event, REJECTED, why)                                                                        \
    CF_CAMPAIGN_IN_ENDING(X, event, why)

#define CF_USER_IN_HERE(X, event, why)                                                             \
    X(event, ACTIVE, why)                                                                          \
    X(event, SUSPENDED, why)
#define CF_USER_IN_MADE(X, event, why)                                                             \
    CF_USER_IN_HERE(X, event, why)                                                                 \
    X(event, ERASED, why)

/* Rows to print. */
static const struct cf_move cf_pledge_moves[] = {
#define CF_MOVE(event, from, to, trigger)                                                          \
    {CF_EVENT_##event, CF_PLEDGE_##from, CF_PLEDGE_##to, trigger},
#include "core/aggregate/pledge_states.def"
#undef CF_MOVE
#define CF_STAY_ROW(event, state, why)                                                             \
    {CF_EVENT_##event, CF_PLEDGE_##state, CF_PLEDGE_##state, why},
#define CF_STAYS(group, event, why) CF_PLEDGE_IN_##group(CF_STAY_ROW, event, why)
#include "core/aggregate/pledge_stays.def"
#undef CF_STAYS
#undef CF_STAY_ROW
};

static const struct cf_move cf_campaign_moves[] = {
#define CF_MOVE(event, from, to, trigger)                                                          \
    {CF_EVENT_##event, CF_CAMPAIGN_##from, CF_CAMPAIGN_##to, trigger},
#include "core/aggregate/campaign_states.def"
#undef CF_MOVE
#define CF_STAY_ROW(event, state, why)                                                             \
    {CF_EVENT_##event, CF_CAMPAIGN_##state, CF_CAMPAIGN_##state, why},
#define CF_STAYS(group, event, why) CF_CAMPAIGN_IN_##group(CF_STAY_ROW, event, why)
#include "core/aggregate/campaign_stays.def"
#undef CF_STAYS
#undef CF_STAY_ROW
};

static const struct cf_move cf_user_moves[] = {
#define CF_MOVE(event, from, to, trigger) {CF_EVENT_##event, CF_USER_##from, CF_USER_##to, trigger},
#include "core/aggregate/user_states.def"
#undef CF_MOVE
#define CF_STAY_ROW(event, state, why) {CF_EVENT_##event, CF_USER_##state, CF_USER_##state, why},
#define CF_STAYS(group, event, why) CF_USER_IN_##group(CF_STAY_ROW, event, why)
#include "core/aggregate/user_stays.def"
#undef CF_STAYS
#undef CF_STAY_ROW
};

static const struct cf_move cf_payout_moves[] = {
#define CF_MOVE(event, from, to, trigger)                                                          \
    {CF_EVENT_##event, CF_PAYOUT_##from, CF_PAYOUT_##to, trigger},
#include "core/aggregate/payout_states.def"
#undef CF_MOVE
};

/* How many of the rows are stays. */
#define CF_STAY_ROW(event, state, why) +1
#define CF_STAYS(group, event, why) CF_PLEDGE_IN_##group(CF_STAY_ROW, event, why)
enum {
    CF_PLEDGE_STAY_COUNT = 0
#include "core/aggregate/pledge_stays.def"
};
#undef CF_STAYS
#define CF_STAYS(group, event, why) CF_CAMPAIGN_IN_##group(CF_STAY_ROW, event, why)
enum {
    CF_CAMPAIGN_STAY_COUNT = 0
#include "core/aggregate/campaign_stays.def"
};
#undef CF_STAYS
#define CF_STAYS(group, event, why) CF_USER_IN_##group(CF_STAY_ROW, event, why)
enum {
    CF_USER_STAY_COUNT = 0
#include "core/aggregate/user_stays.def"
};
#undef CF_STAYS
#undef CF_STAY_ROW

static const char *const cf_pledge_state_names[] = {
    [CF_PLEDGE_NONE] = "none",
    [CF_PLEDGE_CHECKOUT] = "checkout",
    [CF_PLEDGE_REQUIRES_ACTION] = "requires_action",
    [CF_PLEDGE_COMMITTED] = "committed",
    [CF_PLEDGE_AUTHORIZING] = "authorizing",
    [CF_PLEDGE_AUTHORIZED] = "authorized",
    [CF_PLEDGE_REAUTH_DUE] = "reauth_due",
    [CF_PLEDGE_CAPTURING] = "capturing",
    [CF_PLEDGE_CAPTURED] = "captured",
    [CF_PLEDGE_ERRORED] = "errored",
    [CF_PLEDGE_DROPPED] = "dropped",
    [CF_PLEDGE_CANCELLED] = "cancelled",
    [CF_PLEDGE_RELEASED] = "released",
    [CF_PLEDGE_ABANDONED] = "abandoned",
    [CF_PLEDGE_REFUND_PENDING] = "refund_pending",
    [CF_PLEDGE_PARTIALLY_REFUNDED] = "partially_refunded",
    [CF_PLEDGE_REFUNDED] = "refunded",
    [CF_PLEDGE_REFUND_FAILED] = "refund_failed",
    [CF_PLEDGE_DISPUTED] = "disputed",
    [CF_PLEDGE_CHARGED_BACK] = "charged_back",
};

static const char *const cf_campaign_state_names[] = {
    [CF_CAMPAIGN_NONE] = "none",           [CF_CAMPAIGN_DRAFT] = "draft",
    [CF_CAMPAIGN_SUBMITTED] = "submitted", [CF_CAMPAIGN_REJECTED] = "rejected",
    [CF_CAMPAIGN_APPROVED] = "approved",   [CF_CAMPAIGN_SCHEDULED] = "scheduled",
    [CF_CAMPAIGN_LIVE] = "live",           [CF_CAMPAIGN_SUSPENDED] = "suspended",
    [CF_CAMPAIGN_ENDED] = "ended",         [CF_CAMPAIGN_COLLECTING] = "collecting",
    [CF_CAMPAIGN_SETTLED] = "settled",     [CF_CAMPAIGN_FAILED] = "failed",
    [CF_CAMPAIGN_CANCELLED] = "cancelled", [CF_CAMPAIGN_PURGED] = "purged",
    [CF_CAMPAIGN_CLOSED] = "closed",
};

static const char *const cf_payout_state_names[] = {
    [CF_PAYOUT_NONE] = "none",         [CF_PAYOUT_REQUESTED] = "requested",
    [CF_PAYOUT_REFUSED] = "refused",   [CF_PAYOUT_INITIATED] = "initiated",
    [CF_PAYOUT_SENT] = "sent",         [CF_PAYOUT_PAID] = "paid",
    [CF_PAYOUT_FAILED] = "failed",     [CF_PAYOUT_REVERSING] = "reversing",
    [CF_PAYOUT_REVERSED] = "reversed",
};

static const char *const cf_user_state_names[] = {
    [CF_USER_NONE] = "none",
    [CF_USER_ACTIVE] = "active",
    [CF_USER_SUSPENDED] = "suspended",
    [CF_USER_ERASED] = "erased",
};

#define CF_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct cf_state_machine cf_campaign_machine = {
    .name = "campaign",
    .state_names = cf_campaign_state_names,
    .state_count = CF_COUNT_OF(cf_campaign_state_names),
    .moves = cf_campaign_moves,
    .move_count = CF_COUNT_OF(cf_campaign_moves),
    .stay_count = CF_CAMPAIGN_STAY_COUNT,
};
static const struct cf_state_machine cf_pledge_machine = {
    .name = "pledge",
    .state_names = cf_pledge_state_names,
    .state_count = CF_COUNT_OF(cf_pledge_state_names),
    .moves = cf_pledge_moves,
    .move_count = CF_COUNT_OF(cf_pledge_moves),
    .stay_count = CF_PLEDGE_STAY_COUNT,
};
static const struct cf_state_machine cf_payout_machine = {
    .name = "payout",
    .state_names = cf_payout_state_names,
    .state_count = CF_COUNT_OF(cf_payout_state_names),
    .moves = cf_payout_moves,
    .move_count = CF_COUNT_OF(cf_payout_moves),
};
static const struct cf_state_machine cf_user_machine = {
    .name = "user",
    .state_names = cf_user_state_names,
    .state_count = CF_COUNT_OF(cf_user_state_names),
    .moves = cf_user_moves,
    .move_count = CF_COUNT_OF(cf_user_moves),
    .stay_count = CF_USER_STAY_COUNT,
};
const struct cf_state_machine *const cf_state_machines[] = {
    &cf_campaign_machine, &cf_pledge_machine, &cf_payout_machine, &cf_user_machine};
const size_t cf_state_machine_count = CF_COUNT_OF(cf_state_machines);

/* The matrices to ask, [event][from][to], events counted from the aggregate's first. */
enum {
    CF_PLEDGE_FIRST = CF_EVENT_PLEDGE_CHECKOUT_STARTED,
    CF_PLEDGE_COUNT = CF_EVENT_PAYOUT_REQUESTED - CF_PLEDGE_FIRST,
    CF_CAMPAIGN_FIRST = CF_EVENT_CAMPAIGN_DRAFTED,
    CF_CAMPAIGN_COUNT = CF_EVENT_PLEDGE_CHECKOUT_STARTED - CF_CAMPAIGN_FIRST,
    CF_USER_FIRST = CF_EVENT_USER_REGISTERED,
    CF_USER_COUNT = CF_EVENT_CAMPAIGN_DRAFTED - CF_USER_FIRST,
    CF_PAYOUT_FIRST = CF_EVENT_PAYOUT_REQUESTED,
    CF_PAYOUT_COUNT = CF_EVENT_PROVIDER_EVENT_RECEIVED - CF_PAYOUT_FIRST,
};

static const bool cf_pledge_matrix[CF_PLEDGE_COUNT][CF_COUNT_OF(cf_pledge_state_names)]
                                  [CF_COUNT_OF(cf_pledge_state_names)] = {
#define CF_MOVE(event, from, to, trigger)                                                          \
    [CF_EVENT_##event - CF_PLEDGE_FIRST][CF_PLEDGE_##from][CF_PLEDGE_##to] = true,
#include "core/aggregate/pledge_states.def"
#undef CF_MOVE
#define CF_STAY_ROW(event, state, why)                                                             \
    [CF_EVENT_##event - CF_PLEDGE_FIRST][CF_PLEDGE_##state][CF_PLEDGE_##state] = true,
#define CF_STAYS(group, event, why) CF_PLEDGE_IN_##group(CF_STAY_ROW, event, why)
#include "core/aggregate/pledge_stays.def"
#undef CF_STAYS
#undef CF_STAY_ROW
};

static const bool cf_campaign_matrix[CF_CAMPAIGN_COUNT][CF_COUNT_OF(cf_campaign_state_names)]
                                    [CF_COUNT_OF(cf_campaign_state_names)] = {
#define CF_MOVE(event, from, to, trigger)                                                          \
    [CF_EVENT_##event - CF_CAMPAIGN_FIRST][CF_CAMPAIGN_##from][CF_CAMPAIGN_##to] = true,
#include "core/aggregate/campaign_states.def"
#undef CF_MOVE
#define CF_STAY_ROW(event, state, why)                                                             \
    [CF_EVENT_##event - CF_CAMPAIGN_FIRST][CF_CAMPAIGN_##state][CF_CAMPAIGN_##state] = true,
#define CF_STAYS(group, event, why) CF_CAMPAIGN_IN_##group(CF_STAY_ROW, event, why)
#include "core/aggregate/campaign_stays.def"
#undef CF_STAYS
#undef CF_STAY_ROW
};

static const bool cf_user_matrix[CF_USER_COUNT][CF_COUNT_OF(cf_user_state_names)]
                                [CF_COUNT_OF(cf_user_state_names)] = {
#define CF_MOVE(event, from, to, trigger)                                                          \
    [CF_EVENT_##event - CF_USER_FIRST][CF_USER_##from][CF_USER_##to] = true,
#include "core/aggregate/user_states.def"
#undef CF_MOVE
#define CF_STAY_ROW(event, state, why)                                                             \
    [CF_EVENT_##event - CF_USER_FIRST][CF_USER_##state][CF_USER_##state] = true,
#define CF_STAYS(group, event, why) CF_USER_IN_##group(CF_STAY_ROW, event, why)
#include "core/aggregate/user_stays.def"
#undef CF_STAYS
#undef CF_STAY_ROW
};

static const bool cf_payout_matrix[CF_PAYOUT_COUNT][CF_COUNT_OF(cf_payout_state_names)]
                                  [CF_COUNT_OF(cf_payout_state_names)] = {
#define CF_MOVE(event, from, to, trigger)                                                          \
    [CF_EVENT_##event - CF_PAYOUT_FIRST][CF_PAYOUT_##from][CF_PAYOUT_##to] = true,
#include "core/aggregate/payout_states.def"
#undef CF_MOVE
};

/* Asks one matrix, outside of which nothing is allowed. */
#define CF_MATRIX_ASK(matrix, first, event, from, to)                                              \
    ((int)(event) >= (int)(first) &&                                                               \
     (size_t)((int)(event) - (int)(first)) < CF_COUNT_OF(matrix) &&                                \
     (size_t)(from) < CF_COUNT_OF((matrix)[0]) && (size_t)(to) < CF_COUNT_OF((matrix)[0]) &&       \
     (matrix)[(int)(event) - (int)(first)][(from)][(to)])

bool cf_user_may_move(enum cf_event_type event, enum cf_user_state from, enum cf_user_state to)
{
    return CF_MATRIX_ASK(cf_user_matrix, CF_USER_FIRST, event, from, to);
}

bool cf_campaign_may_move(enum cf_event_type event, enum cf_campaign_state from,
                          enum cf_campaign_state to)
{
    return CF_MATRIX_ASK(cf_campaign_matrix, CF_CAMPAIGN_FIRST, event, from, to);
}

bool cf_pledge_may_move(enum cf_event_type event, enum cf_pledge_state from,
                        enum cf_pledge_state to)
{
    return CF_MATRIX_ASK(cf_pledge_matrix, CF_PLEDGE_FIRST, event, from, to);
}

bool cf_payout_may_move(enum cf_event_type event, enum cf_payout_state from,
                        enum cf_payout_state to)
{
    return CF_MATRIX_ASK(cf_payout_matrix, CF_PAYOUT_FIRST, event, from, to);
}

const char *cf_user_state_name(enum cf_user_state state)
{
    CF_ASSERT((size_t)state < CF_COUNT_OF(cf_user_state_names));
    return cf_user_state_names[state];
}

const char *cf_campaign_state_name(enum cf_campaign_state state)
{
    CF_ASSERT((size_t)state < CF_COUNT_OF(cf_campaign_state_names));
    return cf_campaign_state_names[state];
}

const char *cf_pledge_state_name(enum cf_pledge_state state)
{
    CF_ASSERT((size_t)state < CF_COUNT_OF(cf_pledge_state_names));
    return cf_pledge_state_names[state];
}

const char *cf_payout_state_name(enum cf_payout_state state)
{
    CF_ASSERT((size_t)state < CF_COUNT_OF(cf_payout_state_names));
    return cf_payout_state_names[state];
}
