/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_POSITION_H
#define CF_PROJECTIONS_POSITION_H

/*
 * Where each read model is, and in which schema its tables are.
 *
 * A model's tables are in the schema `coffer_<model>`; a rebuild makes them again in
 * `coffer_<model>_shadow`, and keeps the former ones in `coffer_<model>_previous` until the next.
 * Tables have names of their own, so statements name no schema: the search path says which is
 * meant.
 */

#include "projections/model.h"

enum cf_schema_kind {
    CF_SCHEMA_LIVE,
    CF_SCHEMA_SHADOW,
    CF_SCHEMA_PREVIOUS,
};

#define CF_SCHEMA_NAME_SIZE 64

void cf_schema_name(const struct cf_model *model, enum cf_schema_kind kind,
                    char ret_name[CF_SCHEMA_NAME_SIZE]);

/* Puts every model's schema of this kind on the connection's search path, the live ones behind
 * them. */
CF_MUST_CHECK enum cf_status cf_schema_use(struct cf_pg *pg, enum cf_schema_kind kind,
                                           struct cf_fault *reterr_fault);

/* Makes and migrates what all read models need: whoever runs or queries them calls this first. */
CF_MUST_CHECK enum cf_status cf_schema_make(struct cf_pg *pg, struct cf_fault *reterr_fault);

struct cf_position {
    int64_t sequence;   /* of the newest record that the rows hold; 0 for none */
    int64_t time_us;    /* of that record */
    int64_t version;    /* of the fold that made the rows */
    int64_t generation; /* of the tables: raised by every rebuild and roll-back */
    int64_t parked;     /* sequence of the event that the model stands before, 0 for none */
};

/* NOT_FOUND before the model's first start. */
CF_MUST_CHECK enum cf_status cf_position_get(struct cf_pg *pg, const char *model,
                                             struct cf_position *ret_position,
                                             struct cf_fault *reterr_fault);

/* The first row of a model that has none. */
CF_MUST_CHECK enum cf_status cf_position_make(struct cf_pg *pg, const struct cf_model *model,
                                              struct cf_fault *reterr_fault);

/* Sends, into the open pipeline, the move from one position to the next. It fails, and the
 * transaction with it, when somebody else has moved it meanwhile, or put other tables in place. */
CF_MUST_CHECK enum cf_status cf_position_send(struct cf_pg *pg, const char *model,
                                              const struct cf_position *from,
                                              const struct cf_position *to,
                                              struct cf_fault *reterr_fault);

/* Notes the event that a model cannot take, and takes the note away again. */
CF_MUST_CHECK enum cf_status cf_position_park(struct cf_pg *pg, const char *model, int64_t sequence,
                                              const char *event, const char *reason,
                                              struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_position_unpark(struct cf_pg *pg, const char *model,
                                                struct cf_fault *reterr_fault);

/* The model's lock, held by this connection until it closes. False: somebody else has it. */
CF_MUST_CHECK enum cf_status cf_position_lock(struct cf_pg *pg, const char *model, bool *ret_locked,
                                              struct cf_fault *reterr_fault);

#endif
