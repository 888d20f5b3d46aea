/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_AGGREGATE_STATES_H
#define CF_CORE_AGGREGATE_STATES_H

/*
 * The state machines as data: what `evolve` allows is what `coffer states` prints. Each is made of
 * <aggregate>_states.def (moves) and <aggregate>_stays.def (events recorded without a move).
 */

#include "core/aggregate/campaign.h"
#include "core/aggregate/payout.h"
#include "core/aggregate/pledge.h"
#include "core/aggregate/user.h"
#include "core/event/event.h"

struct cf_move {
    enum cf_event_type event;
    uint8_t from;
    uint8_t to;
    const char *trigger; /* static */
};

struct cf_state_machine {
    const char *name;               /* "pledge"; static, as all below */
    const char *const *state_names; /* by number; [0] is "none" */
    size_t state_count;
    const struct cf_move *moves;
    size_t move_count; /* those of the stays come last */
    size_t stay_count; /* how many those are */
};

/* The four machines, and how many there are. */
extern const struct cf_state_machine *const cf_state_machines[];
extern const size_t cf_state_machine_count;

/* True where the event may take the aggregate from one state to the other (or leave it there). */
bool cf_user_may_move(enum cf_event_type event, enum cf_user_state from, enum cf_user_state to);
bool cf_campaign_may_move(enum cf_event_type event, enum cf_campaign_state from,
                          enum cf_campaign_state to);
bool cf_pledge_may_move(enum cf_event_type event, enum cf_pledge_state from,
                        enum cf_pledge_state to);
bool cf_payout_may_move(enum cf_event_type event, enum cf_payout_state from,
                        enum cf_payout_state to);

/* "requires_action"; static. */
const char *cf_user_state_name(enum cf_user_state state);
const char *cf_campaign_state_name(enum cf_campaign_state state);
const char *cf_pledge_state_name(enum cf_pledge_state state);
const char *cf_payout_state_name(enum cf_payout_state state);

#endif
