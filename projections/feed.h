/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_FEED_H
#define CF_PROJECTIONS_FEED_H

/*
 * The feed: what changed in the read models, for whoever shows them.
 *
 * A message is published after the commit that made it true. Its topic is a kind and a key, such as
 * `totals:<campaign uuid>`; its payload the msgpack array
 *
 *     [sequence, sequence of the message before on this topic, JSON text]
 *
 * where the sequence before is 0 when this process does not know of one. Delivery is best effort,
 * so a subscriber whose last sequence is not the one before has missed something: it drops what it
 * holds and asks the read model for the current value, as does a late subscriber. The topic
 * `heartbeat` goes out every second with where each model is.
 */

#include "core/id.h"

struct cf_feed;

/* Listens as a publisher (eventstore/bus.h). */
CF_MUST_CHECK enum cf_status cf_feed_open(const char *url, struct cf_feed **ret_feed,
                                          struct cf_fault *reterr_fault);
/* Accepts NULL. */
void cf_feed_close(struct cf_feed *feed);

/* Publishes on `kind:key`. Never waits; what cannot be sent is lost, and the gap shows. */
void cf_feed_publish(struct cf_feed *feed, const char *kind, struct cf_id key, int64_t sequence,
                     struct cf_bytes json);

/* Publishes on `heartbeat`. */
void cf_feed_beat(struct cf_feed *feed, int64_t sequence, struct cf_bytes json);

/* Reads a payload; the JSON is borrowed from it. CORRUPT. */
CF_MUST_CHECK enum cf_status cf_feed_read(struct cf_bytes payload, int64_t *ret_sequence,
                                          int64_t *ret_before, struct cf_bytes *ret_json,
                                          struct cf_fault *reterr_fault);

#endif
