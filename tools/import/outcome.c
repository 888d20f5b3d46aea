/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/import/outcome.h"

#include "core/base/scope.h"
#include "core/event/record.h"
#include "core/money_text.h"
#include "eventstore/range.h"

#include <stdio.h>
#include <stdlib.h>

#define READ_SIZE_MAX ((size_t)512 * 1024)

enum verdict { NONE, FUNDED, FAILED, CANCELLED, SUSPENDED, VERDICT_COUNT };
static const char *const verdict_names[VERDICT_COUNT] = {"none", "funded", "failed", "cancelled",
                                                         "suspended"};

struct campaign {
    struct cf_id id;
    const struct cf_import_row *row;
    enum verdict verdict;
    int64_t pledged_minor;
    uint32_t pledges;
};

struct sums {
    int64_t pledged, captured, processor_fees, platform_fees, paid_out;
};

struct outcome {
    struct campaign *campaigns; /* owned; by id */
    size_t count;
    struct sums sums[1000]; /* by currency number */
};

static int by_id(const void *left, const void *right)
{
    return cf_id_compare(((const struct campaign *)left)->id, ((const struct campaign *)right)->id);
}

static struct campaign *find(struct outcome *outcome, struct cf_id id)
{
    const struct campaign key = {.id = id};
    return bsearch(&key, outcome->campaigns, outcome->count, sizeof key, by_id);
}

static void note_verdict(struct outcome *outcome, struct cf_id id, enum verdict verdict)
{
    struct campaign *campaign = find(outcome, id);
    if (campaign != NULL)
        campaign->verdict = verdict;
}

static void note_pledge(struct outcome *outcome, struct cf_id campaign_id,
                        enum cf_currency currency, struct cf_money amount)
{
    struct campaign *campaign = find(outcome, campaign_id);
    outcome->sums[currency].pledged += cf_money_minor(amount);
    if (campaign == NULL)
        return;
    campaign->pledged_minor += cf_money_minor(amount);
    campaign->pledges++;
}

static void note(struct outcome *outcome, const struct cf_event *event)
{
    switch ((int)event->type) {
    case CF_EVENT_PLEDGE_PLACED:
        note_pledge(outcome, event->pledge_placed.campaign_id, event->pledge_placed.currency,
                    event->pledge_placed.amount);
        return;
    case CF_EVENT_PLEDGE_CHECKOUT_STARTED:
        note_pledge(outcome, event->pledge_checkout_started.campaign_id,
                    event->pledge_checkout_started.currency, event->pledge_checkout_started.amount);
        return;
    case CF_EVENT_PLEDGE_CAPTURED:
        outcome->sums[event->pledge_captured.currency].captured +=
            cf_money_minor(event->pledge_captured.amount);
        return;
    case CF_EVENT_PLEDGE_FEE_RECORDED:
        outcome->sums[event->pledge_fee_recorded.currency].processor_fees +=
            cf_money_minor(event->pledge_fee_recorded.fee);
        return;
    case CF_EVENT_CAMPAIGN_SETTLED:
        outcome->sums[event->campaign_settled.currency].platform_fees +=
            cf_money_minor(event->campaign_settled.platform_fee);
        return;
    case CF_EVENT_PAYOUT_PAID:
        outcome->sums[event->payout_paid.currency].paid_out +=
            cf_money_minor(event->payout_paid.amount);
        return;
    case CF_EVENT_CAMPAIGN_FUNDED:
        note_verdict(outcome, event->campaign_funded.campaign_id, FUNDED);
        return;
    case CF_EVENT_CAMPAIGN_FAILED:
        note_verdict(outcome, event->campaign_failed.campaign_id, FAILED);
        return;
    case CF_EVENT_CAMPAIGN_CANCELLED:
        note_verdict(outcome, event->campaign_cancelled.campaign_id, CANCELLED);
        return;
    case CF_EVENT_CAMPAIGN_SUSPENDED:
        note_verdict(outcome, event->campaign_suspended.campaign_id, SUSPENDED);
        return;
    }
}

static enum cf_status read_log(struct outcome *outcome, const char *range_url, const char *head_url,
                               uint64_t *ret_records, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_range_client_close) struct cf_range_client *client = NULL;
    CF_CLEANUP(cf_range_records_clean_up) struct cf_range_records records = {0};
    struct cf_record record;
    struct cf_event event;
    CF_TRY(cf_range_client_open(range_url, head_url, &client, reterr_fault));
    for (uint64_t next = 1;; next += records.count) {
        CF_TRY(cf_range_read(client, next, READ_SIZE_MAX, &records, reterr_fault));
        *ret_records = records.head;
        if (records.count == 0)
            return CF_OK;
        for (size_t i = 0; i < records.count; i++) {
            CF_TRY(cf_record_decode(records.records[i], &record, reterr_fault));
            CF_TRY(cf_record_event(&record, &event, reterr_fault));
            note(outcome, &event);
        }
    }
}

static bool agrees(const struct campaign *campaign)
{
    const struct cf_import_row *row = campaign->row;
    int64_t wanted_minor = row->backers == 0 ? 0 : cf_money_minor(row->pledged);
    if (campaign->pledges != row->backers || campaign->pledged_minor != wanted_minor)
        return false;
    return (row->state != CF_IMPORT_SUCCESSFUL || campaign->verdict == FUNDED) &&
           (row->state != CF_IMPORT_FAILED || campaign->verdict == FAILED);
}

/* Rows that the file itself has no verdict for. */
static void list_undecided(const struct outcome *outcome)
{
    size_t count = 0;
    for (size_t i = 0; i < outcome->count; i++) {
        const struct cf_import_row *row = outcome->campaigns[i].row;
        if (row->state != CF_IMPORT_LIVE && row->state != CF_IMPORT_UNDEFINED)
            continue;
        printf("%sline %u (%s, %u pledges)", count++ == 0 ? "\nwithout a verdict: " : ", ",
               row->line, cf_import_state_name(row->state), outcome->campaigns[i].pledges);
    }
    if (count > 0)
        printf("\n");
}

static bool print_verdicts(const struct outcome *outcome)
{
    size_t counts[CF_IMPORT_STATE_COUNT][VERDICT_COUNT] = {0};
    bool all = true;
    for (size_t i = 0; i < outcome->count; i++) {
        const struct campaign *campaign = &outcome->campaigns[i];
        counts[campaign->row->state][campaign->verdict]++;
        if (agrees(campaign))
            continue;
        all = false;
        printf("line %u: the file says %s with %u backers, the ledger %s with %u pledges\n",
               campaign->row->line, cf_import_state_name(campaign->row->state),
               campaign->row->backers, verdict_names[campaign->verdict], campaign->pledges);
    }
    printf("\n%-12s", "file");
    for (size_t verdict = 0; verdict < VERDICT_COUNT; verdict++)
        printf(" %10s", verdict_names[verdict]);
    printf("   (the ledger's verdict)\n");
    for (size_t state = 0; state < CF_IMPORT_STATE_COUNT; state++) {
        printf("%-12s", cf_import_state_name((enum cf_import_state)state));
        for (size_t verdict = 0; verdict < VERDICT_COUNT; verdict++)
            printf(" %10zu", counts[state][verdict]);
        printf("\n");
    }
    return all;
}

static void print_money(const struct outcome *outcome)
{
    printf("\n%-4s %16s %16s %14s %14s %16s\n", "", "pledged", "collected", "processor", "platform",
           "paid out");
    for (uint32_t number = 0; number < 1000; number++) {
        const struct sums *sums = &outcome->sums[number];
        const int64_t columns[] = {sums->pledged, sums->captured, sums->processor_fees,
                                   sums->platform_fees, sums->paid_out};
        static const int widths[] = {16, 16, 14, 14, 16};
        if (!cf_currency_is_known(number) || sums->pledged == 0)
            continue;
        printf("%-4s", cf_currency_letters((enum cf_currency)number));
        for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
            char text[CF_MONEY_TEXT_SIZE];
            cf_money_print(cf_money_of(columns[i]), (enum cf_currency)number, text);
            printf(" %*s", widths[i], text);
        }
        printf("\n");
    }
}

enum cf_status cf_import_outcome_print(const char *range_url, const char *head_url,
                                       const struct cf_import_rows *rows, uint64_t *ret_records,
                                       bool *ret_agrees, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_free) struct outcome *outcome = calloc(1, sizeof *outcome);
    CF_CLEANUP(cf_scope_free)
    struct campaign *campaigns = calloc(rows->count, sizeof *campaigns);
    if (outcome == NULL || campaigns == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the outcome");
    outcome->campaigns = campaigns;
    outcome->count = rows->count;
    for (size_t i = 0; i < rows->count; i++)
        campaigns[i] = (struct campaign){.id = rows->rows[i].campaign_id, .row = &rows->rows[i]};
    qsort(campaigns, rows->count, sizeof campaigns[0], by_id);
    CF_TRY(read_log(outcome, range_url, head_url, ret_records, reterr_fault));
    *ret_agrees = print_verdicts(outcome);
    list_undecided(outcome);
    print_money(outcome);
    return CF_OK;
}
