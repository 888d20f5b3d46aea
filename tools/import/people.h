/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_IMPORT_PEOPLE_H
#define CF_TOOLS_IMPORT_PEOPLE_H

/*
 * The people of an import: a creator for each row, and as many backers as the largest campaign had; the first
 * n of them back a campaign with n backers. Each has an address of its own below import.example and
 * no password: they get in by reset, and no letters reach them before. A backer has one customer at the provider and
 * one saved card; the creator of a successful campaign is known to be who they are and has an account there.
 */

#include "eventstore/keeper_client.h"
#include "tools/import/campaigns.h"
#include "tools/import/parallel.h"
#include "tools/import/provider.h"
#include "tools/import/sender.h"

struct cf_import_backer {
    struct cf_id user_id;
    struct cf_id card_id;
};

struct cf_import_people {
    struct cf_import_backer *backers; /* owned */
    size_t backer_count;
};

/* What an import works with. Borrowed, all of it. */
struct cf_import_tools {
    struct cf_import_sender *sender;
    struct cf_import_provider *provider;
    struct cf_keeper_client *keeper;
    struct cf_range_client *log; /* of the main thread */
    const struct cf_import_stop *stop;
};

void cf_import_people_clean_up(struct cf_import_people *people);

/* Makes room for the backers, and for who they will be. */
CF_MUST_CHECK enum cf_status cf_import_people_init(const struct cf_import_rows *rows,
                                                   struct cf_import_people *ret_people,
                                                   struct cf_fault *reterr_fault);

/* Registers everybody and fills the rows' creators. Two calls to the provider for each backer, once. */
CF_MUST_CHECK enum cf_status cf_import_people_register(const struct cf_import_tools *tools,
                                                       struct cf_import_rows *rows,
                                                       struct cf_import_people *people,
                                                       struct cf_progress *progress,
                                                       struct cf_fault *reterr_fault);

/* The same people, who were registered before an interruption. INVALID where there is one that was not: the
 * ledger was begun with another file. */
CF_MUST_CHECK enum cf_status cf_import_people_find(const struct cf_import_tools *tools,
                                                   struct cf_import_rows *rows,
                                                   struct cf_import_people *people,
                                                   struct cf_progress *progress,
                                                   struct cf_fault *reterr_fault);

/* The provider has opened the creators' accounts; fills in its form for each of them. */
CF_MUST_CHECK enum cf_status cf_import_people_onboard(const struct cf_import_tools *tools,
                                                      const struct cf_import_rows *rows,
                                                      struct cf_fault *reterr_fault);

#endif
