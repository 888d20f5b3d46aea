/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_MODEL_H
#define CF_PROJECTIONS_MODEL_H

/*
 * Read models: what they read, and what they keep.
 *
 * A model is a folder and a row in models.def. It lists the events it reads (reads.def), and the
 * dispatch is made from that list (dispatch.h), so a new event touches only who wants it. Its
 * handlers see store.h; its tables' rows are a fold of the log and of nothing else.
 */

#include "core/event/event.h"
#include "core/money.h"
#include "projections/store.h"

typedef enum cf_status cf_handler_fn(struct cf_fold *fold, const struct cf_event *event);

/* Tells the feed of one change: a kind and a key that make its topic, and what it says. */
typedef void cf_emit_fn(void *user, const char *kind, struct cf_id key, int64_t sequence,
                        struct cf_bytes json);

/* Emits what a changed row of this table means to whoever shows it; often nothing. */
typedef void cf_publish_fn(const struct cf_table *table, const void *row, cf_emit_fn *emit,
                           void *user);

struct cf_model {
    const char *name;
    int64_t version; /* raised when the fold changes, so that a rebuild is asked for */
    const struct cf_table *const *tables;
    size_t tables_count;
    cf_handler_fn *const
        *handlers;          /* by event number, below CF_EVENT_NUMBER_LIMIT; NULL: not read */
    cf_publish_fn *publish; /* NULL: nobody waits for its changes */
    bool is_heavy; /* as much work as all others together: a connection of its own (crew.h) */
};

size_t cf_model_count(void);
const struct cf_model *cf_model_at(size_t index);

/* The model of that name, or NULL. */
const struct cf_model *cf_model_find(const char *name);

/* Every event's number by its own name, for tables made from lists of names. */
enum cf_event_number {
#define CF_EVENT(number, name, stream) CF_EVENT_NUMBER_##name = number,
#include "core/event/events.def"
#undef CF_EVENT
};

/* Applies one event, if the model reads it. Fails as the handler does, or as the fold's own calls
 * did. */
CF_MUST_CHECK enum cf_status cf_model_apply(const struct cf_model *model, struct cf_fold *fold,
                                            const struct cf_event *event);

#endif
