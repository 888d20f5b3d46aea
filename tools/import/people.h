/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_IMPORT_PEOPLE_H
#define CF_TOOLS_IMPORT_PEOPLE_H

/*
 * The people of an import: a creator for each row, and as many backers as the largest campaign had; the first
 * n of them back a campaign with n backers. Each has an address of its own below import.example and
 * no password: they get in by reset. A backer has one customer at the provider and one saved card.
 */

#include "tools/cli/progress.h"
#include "tools/import/campaigns.h"
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

void cf_import_people_clean_up(struct cf_import_people *people);

/* Registers everybody, over several threads; fills the rows' creators. A backer costs two calls to the
 * provider, once: not again where the import has `begun` before. */
CF_MUST_CHECK enum cf_status cf_import_people_register(
    struct cf_import_sender *sender, struct cf_import_provider *provider, const char *keeper_url,
    struct cf_import_rows *rows, bool begun, struct cf_progress *progress,
    struct cf_import_people *ret_people, struct cf_fault *reterr_fault);

#endif
