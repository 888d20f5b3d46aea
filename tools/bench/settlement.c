/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settlement.pledges: a successful all-or-nothing campaign, each pledge by another person's saved card, from its
 * deadline to the payout on its way to the bank: capture run, fees, settlement, funds
 * becoming available, transfer and bank payout. Writer, keeper, gateway and sandbox are real
 * processes; the clock jumps over the days between, so what is measured is work. No
 * card is held before the deadline.
 *
 * settlement.limited: the same with the provider's published limits; the deadline's charges cannot be
 * made faster than they allow.
 */
#include "commands/gateway/stripe.h"
#include "core/base/scope.h"
#include "core/policy.h"
#include "tools/bench/figure.h"
#include "tools/bench/stage.h"
#include "tools/import/course.h"
#include "tools/ledger_walk.h"

#include <stdio.h>
#include <string.h>

#define AMOUNT_MINOR 2500
#define DURATION_US (INT64_C(30) * CF_DAY_US)
#define STREAM_MAX 64

/* The ledger's moments at which we look at a real clock, in order. */
enum mark { LAUNCHED, DEADLINE, CAPTURED, PAYOUT, MARK_COUNT };

struct show {
    struct cf_stage stage;
    struct cf_import_row row;
    struct cf_import_rows rows;
    int64_t at_us[MARK_COUNT];     /* ledger time: passed when the clock is beyond */
    int64_t passed_ns[MARK_COUNT]; /* real time; 0 before */
    bool account_told;
    uint64_t captured, sent; /* pledges, payouts: read afterwards */
};

/* -- What nobody tells without webhooks ------------------------------------------------------ */

/* The creator's connected account; false before it is there. */
static bool find_account(struct show *show, char ret_account[64])
{
    uint64_t sequences[STREAM_MAX];
    size_t count = 0;
    bool found = false;
    if (cf_range_stream(show->stage.tools.log, show->row.creator_id, 1, sequences, STREAM_MAX,
                        &count, NULL) != CF_OK)
        return false;
    for (size_t i = 0; i < count && !found; i++) {
        struct cf_range_records records = {0};
        struct cf_record record;
        struct cf_event event;
        found = cf_range_read(show->stage.tools.log, sequences[i], 1, &records, NULL) == CF_OK &&
                cf_record_decode(records.records[0], &record, NULL) == CF_OK &&
                cf_record_event(&record, &event, NULL) == CF_OK &&
                event.type == CF_EVENT_USER_PAYOUT_ACCOUNT_LINKED;
        if (found)
            snprintf(ret_account, 64, "%.*s", (int)event.user_payout_account_linked.account.size,
                     (const char *)event.user_payout_account_linked.account.data);
        cf_range_records_clean_up(&records);
    }
    return found;
}

/* The account's owner filled in the provider's form. */
static void tell_account(struct show *show)
{
    char account[64];
    struct cf_command_input input;
    if (!find_account(show, account))
        return;
    cf_command_input_init(&input, CF_COMMAND_user_update_payout_account);
    cf_command_set_id(&input, "user_id", show->row.creator_id);
    cf_command_set_text(&input, "account", cf_bytes_from_text(account));
    cf_command_set_unsigned(&input, "charges_enabled", true);
    cf_command_set_unsigned(&input, "payouts_enabled", true);
    cf_command_set_unsigned(&input, "details_submitted", true);
    const struct cf_link_command command = {
        .input = &input, .actor = CF_ACTOR_GATEWAY, .key = CF_BYTES_LITERAL("bench account")};
    show->account_told = cf_import_send(show->stage.tools.sender, &command, NULL, NULL) == CF_OK;
}

/* -- The measured life ----------------------------------------------------------------------- */

/* Asked by the clock after each look: which moments are behind us. */
static bool watch(void *context)
{
    struct show *show = context;
    int64_t now_ns = cf_bench_now_ns();
    for (int mark = 0; mark < MARK_COUNT; mark++)
        if (show->passed_ns[mark] == 0 && show->stage.clock.now_us > show->at_us[mark])
            show->passed_ns[mark] = now_ns;
    if (!show->account_told && show->passed_ns[LAUNCHED] != 0)
        tell_account(show);
    return false;
}

static void plan(struct show *show, uint32_t backers)
{
    int64_t begins_us = 0;
    if (cf_time_parse(CF_BYTES_LITERAL(CF_STAGE_GENESIS), &begins_us) != CF_OK)
        return;
    show->row = (struct cf_import_row){
        .line = 1,
        .number = CF_BYTES_LITERAL("1"),
        .name = CF_BYTES_LITERAL("The campaign that everybody backed"),
        .country = "DE",
        .currency = CF_CURRENCY_EUR,
        .goal = cf_money_of(AMOUNT_MINOR * (int64_t)backers),
        .pledged = cf_money_of(AMOUNT_MINOR * (int64_t)backers),
        .launched_us = begins_us + CF_DAY_US,
        .deadline_us = begins_us + CF_DAY_US + DURATION_US,
        .backers = backers,
        .state = CF_IMPORT_SUCCESSFUL,
    };
    show->row.campaign_id = cf_import_id(begins_us, "campaign", show->row.number, 0);
    show->rows = (struct cf_import_rows){.rows = &show->row, .count = 1, .capacity = 1};
    show->at_us[LAUNCHED] = show->row.launched_us;
    show->at_us[DEADLINE] = show->row.deadline_us - 1;
    show->at_us[CAPTURED] = show->row.deadline_us;
    show->at_us[PAYOUT] = show->row.deadline_us + CF_POLICY_PAYOUT_DELAY_US;
}

static enum cf_status count_event(void *context, const struct cf_record *record,
                                  const struct cf_event *event, struct cf_fault *reterr_fault)
{
    struct show *show = context;
    (void)record;
    (void)reterr_fault;
    show->captured += event->type == CF_EVENT_PLEDGE_CAPTURED;
    show->sent += event->type == CF_EVENT_PAYOUT_SENT;
    return CF_OK;
}

static enum cf_status live(struct show *show, struct cf_fault *reterr_fault)
{
    struct cf_stage *stage = &show->stage;
    stage->stop = (struct cf_import_stop){.asked = watch, .context = show};
    return cf_import_course_run(&stage->tools, &stage->clock, &show->rows, reterr_fault);
}

/* A ledger of its own, from registration to payout. */
static enum cf_status run(struct show *show, const char *data, uint32_t backers, bool limited,
                          struct cf_fault *reterr_fault)
{
    memset(show, 0, sizeof *show);
    plan(show, backers);
    enum cf_status status = cf_stage_open(&show->stage, data, limited, reterr_fault);
    if (status == CF_OK)
        status = live(show, reterr_fault);
    cf_stage_close(&show->stage);
    CF_TRY(status);
    CF_TRY(cf_ledger_walk(data, count_event, show, reterr_fault));
    if (show->captured != backers || show->sent == 0)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the campaign was not settled",
                   "%llu of %u pledges captured, %llu payouts", (unsigned long long)show->captured,
                   backers, (unsigned long long)show->sent);
    return CF_OK;
}

static double rate_between(const struct show *show, uint32_t backers, enum mark from, enum mark to)
{
    return cf_bench_rate(backers, show->passed_ns[to] - show->passed_ns[from]);
}

enum cf_status cf_bench_settlement(struct cf_bench *bench, struct cf_fault *reterr_fault)
{
    static struct show show;
    char data[512];
    uint32_t backers = bench->quick ? 4000 : 20000;
    snprintf(data, sizeof data, "%s/unlimited", bench->directory);
    CF_TRY(run(&show, data, backers, false, reterr_fault));
    cf_figure_report(bench,
                     &(struct cf_figure){.name = "settlement.captures",
                                         .value = rate_between(&show, backers, DEADLINE, CAPTURED),
                                         .unit = "captures/s"});
    cf_figure_report(bench,
                     &(struct cf_figure){.name = "settlement.pledges",
                                         .value = rate_between(&show, backers, DEADLINE, PAYOUT),
                                         .unit = "pledges/s"});
    backers = bench->quick ? 250 : 1000;
    snprintf(data, sizeof data, "%s/limited", bench->directory);
    CF_TRY(run(&show, data, backers, true, reterr_fault));
    cf_figure_report(
        bench,
        &(struct cf_figure){.name = "settlement.limited",
                            .value = 1 / rate_between(&show, backers, DEADLINE, PAYOUT) * backers,
                            .unit = "s",
                            .against = "what the limits dictate",
                            .against_value = (double)backers / CF_STRIPE_ENDPOINT_LIMIT});
    return CF_OK;
}
