/* SPDX-License-Identifier: Apache-2.0 */
#define CF_ROW_DEFINE
#include "projections/updates/tables.h"

#define CF_ON_MODEL updates
#define CF_READS_FILE "projections/updates/reads.def"
#include "projections/reads.h"

#include "projections/dispatch.h"

#include <inttypes.h>
#include <stdio.h>

/* A campaign has something new to read. */
static void publish(const struct cf_table *table, const void *row, cf_emit_fn *emit, void *user)
{
    (void)table;
    const struct cf_row_campaign_update *update = row;
    char campaign[CF_ID_TEXT_SIZE], id[CF_ID_TEXT_SIZE], json[192];
    cf_id_print(update->campaign, campaign);
    cf_id_print(update->campaign_update, id);
    int size = snprintf(json, sizeof json,
                        "{\"campaign_id\":\"%s\",\"update_id\":\"%s\",\"sequence\":%" PRId64 "}",
                        campaign, id, update->sequence);
    emit(user, "updates", update->campaign, update->sequence, cf_bytes_from(json, (size_t)size));
}

static const struct cf_table *const tables[] = {&cf_table_campaign_update};

const struct cf_model cf_model_updates = {
    .name = "updates",
    .version = 1,
    .tables = tables,
    .tables_count = sizeof tables / sizeof tables[0],
    .handlers = handlers,
    .publish = publish,
};

CF_ON(campaign_update_posted)
{
    struct cf_row_campaign_update *update = NULL;
    CF_TRY(cf_row_get_campaign_update(
        fold, &(struct cf_row_campaign_update){.campaign_update = event->update_id}, &update));
    update->campaign = event->campaign_id;
    update->is_for_backers = event->backers_only;
    update->posted_at_us = fold->time_us;
    cf_fold_set(fold, &update->title, event->title.ciphertext);
    cf_fold_set(fold, &update->body, event->body.ciphertext);
    cf_fold_set(fold, &update->text_key, fold->idempotency_key);
    return CF_OK;
}
