/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_KEEPER_NEWS_H
#define CF_EVENTSTORE_KEEPER_NEWS_H

/*
 * News from the keeper to the caches of its clients: who was forgotten. On the bus beside the keeper's own
 * URL, "<url>.news". Each message is [epoch, number, subject or nil]: the epoch is drawn at each start of
 * the keeper, the number counts the forgets. A beat with the last number goes out every second.
 *
 * News may get lost. Who hears another epoch, a number that skips one, or no beat for three seconds has
 * missed something, and drops everything that it keeps.
 */

#include "core/base/status.h"
#include "core/id.h"

/* ---- In the keeper; used by one thread ---- */

struct cf_keeper_teller;

CF_MUST_CHECK enum cf_status cf_keeper_teller_open(const char *keeper_url,
                                                   struct cf_keeper_teller **ret_teller,
                                                   struct cf_fault *reterr_fault);
/* Accepts NULL. */
void cf_keeper_teller_close(struct cf_keeper_teller *teller);

void cf_keeper_teller_forget(struct cf_keeper_teller *teller, struct cf_id subject_id);
/* Beats if the last news is a second old. */
void cf_keeper_teller_beat(struct cf_keeper_teller *teller);

/* ---- In a client ---- */

/* What a listener's thread calls. */
struct cf_keeper_hearing {
    void *context;
    void (*forget)(void *context, struct cf_id subject_id);
    /* Something was missed: drop everything. Nothing is heard until the next call of any of these. */
    void (*missed)(void *context);
    /* All is well again, from here on. */
    void (*hears)(void *context);
};

struct cf_keeper_listener;

/* Begins a thread that listens. It has heard nothing yet. */
CF_MUST_CHECK enum cf_status cf_keeper_listener_open(const char *keeper_url,
                                                     const struct cf_keeper_hearing *hearing,
                                                     struct cf_keeper_listener **ret_listener,
                                                     struct cf_fault *reterr_fault);
/* Accepts NULL. Nothing is called any more once it returns. */
void cf_keeper_listener_close(struct cf_keeper_listener *listener);

#endif
