/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_REACT_REACT_PRIVATE_H
#define CF_CORE_REACT_REACT_PRIVATE_H

/* What the reactions' files share. */

#include "core/aggregate/campaign.h"
#include "core/aggregate/deferred.h"
#include "core/aggregate/pledge.h"
#include "core/policy.h"
#include "core/react/react.h"

struct cf_reaction {
    struct cf_book *book;
    const struct cf_record *record;
    const struct cf_event *event;
    const struct cf_id *id; /* the stream's */
};

static inline void cf_react_set(struct cf_reaction *reaction, const struct cf_id *subject,
                                enum cf_timer timer, int64_t due_us)
{
    reaction->book->ops->timer_set(reaction->book, subject, timer, due_us);
}

static inline void cf_react_clear(struct cf_reaction *reaction, const struct cf_id *subject,
                                  enum cf_timer timer)
{
    reaction->book->ops->timer_set(reaction->book, subject, timer, 0);
}

static inline int64_t cf_react_timer(struct cf_reaction *reaction, const struct cf_id *subject,
                                     enum cf_timer timer)
{
    return reaction->book->ops->timer(reaction->book, subject, timer);
}

/* Opens a request for this record. */
static inline void cf_react_open(struct cf_reaction *reaction, const struct cf_id *subject,
                                 enum cf_request request)
{
    reaction->book->ops->request_set(reaction->book, subject, request, reaction->record->sequence);
}

/* Closes a request, be it open, waiting for its retry, parked or not there. */
void cf_react_close(struct cf_reaction *reaction, const struct cf_id *subject,
                    enum cf_request request);

/* Sets what is due once nothing of a campaign is open any more. */
void cf_react_progress(struct cf_reaction *reaction, const struct cf_id *campaign_id);

/* One event of each kind of stream. */
void cf_react_user(struct cf_reaction *reaction);
void cf_react_campaign(struct cf_reaction *reaction);
void cf_react_pledge(struct cf_reaction *reaction);
void cf_react_payout(struct cf_reaction *reaction);
void cf_react_provider(struct cf_reaction *reaction);

#endif
