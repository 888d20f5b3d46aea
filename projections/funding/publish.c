/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/funding/publish.h"

#include "projections/funding/share.h"

#include <inttypes.h>
#include <stdio.h>

/* Every text in these objects is a word or an id of ours: nothing needs escaping. */
enum { JSON_SIZE_MAX = 512 };

static void publish_total(const struct cf_row_campaign_total *total, cf_emit_fn *emit, void *user)
{
    char json[JSON_SIZE_MAX], id[CF_ID_TEXT_SIZE];
    cf_id_print(total->campaign, id);
    int size = snprintf(
        json, sizeof json,
        "{\"campaign_id\":\"%s\",\"currency\":\"%s\",\"goal\":%" PRId64 ",\"pledged\":%" PRId64
        ",\"held\":%" PRId64 ",\"collected\":%" PRId64 ",\"backers\":%" PRId64
        ",\"percent_bps\":%" PRId64 ",\"status\":\"%s\",\"sequence\":%" PRId64 "}",
        id, total->currency.text, total->goal,
        total->is_locked ? total->locked_pledged : total->pledged, total->held, total->collected,
        total->is_locked ? total->locked_backers : total->backers, cf_share_funded_bps(total), total->status.text, total->sequence);
    emit(user, "totals", total->campaign, total->sequence, cf_bytes_from(json, (size_t)size));
}

static void publish_pledge(const struct cf_row_pledge *pledge, cf_emit_fn *emit, void *user)
{
    char json[JSON_SIZE_MAX], id[CF_ID_TEXT_SIZE];
    cf_id_print(pledge->pledge, id);
    int size = snprintf(
        json, sizeof json,
        "{\"pledge_id\":\"%s\",\"status\":\"%s\",\"state\":\"%s\",\"decline\":\"%s\""
        ",\"sequence\":%" PRId64 "}",
        id, pledge->status.text, pledge->state.text, pledge->decline.text, pledge->sequence);
    emit(user, "pledge", pledge->pledge, pledge->sequence, cf_bytes_from(json, (size_t)size));
}

void cf_funding_publish(const struct cf_table *table, const void *row, cf_emit_fn *emit, void *user)
{
    if (table == &cf_table_campaign_total)
        publish_total(row, emit, user);
    else if (table == &cf_table_pledge)
        publish_pledge(row, emit, user);
}
