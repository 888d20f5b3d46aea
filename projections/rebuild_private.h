/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_REBUILD_PRIVATE_H
#define CF_PROJECTIONS_REBUILD_PRIVATE_H

/* What rebuild.c, rebuild_compare.c and rebuild_switch.c share. */

#include "projections/rebuild.h"

/* One model being rebuilt. */
struct cf_rebuilt {
    const struct cf_model *model;
    struct cf_store *store;
    struct cf_position position; /* of the shadow */
};

struct cf_rebuilding {
    const struct cf_rebuild_options *options;
    struct cf_rebuild_result *result;
    struct cf_pg *pg; /* works on the shadow schemas */
    struct cf_rebuilt *models;
    size_t models_count;
};

/* Folds one record into a model's store. The fault names the record. */
enum cf_status cf_rebuild__fold(struct cf_rebuilding *rebuilding, struct cf_rebuilt *rebuilt,
                                struct cf_bytes record, struct cf_fault *reterr_fault);

/* Brings the shadow of a model forward to a sequence, by the same batches as live. */
enum cf_status cf_rebuild__catch_up(struct cf_rebuilding *rebuilding, struct cf_rebuilt *rebuilt,
                                    int64_t sequence, struct cf_fault *reterr_fault);

/* Compares one model with a snapshot of the live one, after catching up to it. */
enum cf_status cf_rebuild__compare(struct cf_rebuilding *rebuilding, struct cf_rebuilt *rebuilt,
                                   struct cf_fault *reterr_fault);

/* Puts the shadow of a model in its place. */
enum cf_status cf_rebuild__switch(struct cf_rebuilding *rebuilding, struct cf_rebuilt *rebuilt,
                                  struct cf_fault *reterr_fault);

/* Drops a schema and its notes. */
enum cf_status cf_rebuild__drop(struct cf_pg *pg, const struct cf_model *model,
                                enum cf_schema_kind kind, struct cf_fault *reterr_fault);

#endif
