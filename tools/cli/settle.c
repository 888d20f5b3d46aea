/* SPDX-License-Identifier: Apache-2.0 */
/* coffer settle --dry-run: what a campaign would come to. Settling itself is the writer's, in time. */
#include "core/aggregate/book_memory.h"
#include "core/fold.h"
#include "core/money_text.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"
#include "tools/forecast.h"
#include "tools/ledger_walk.h"

#include <stdio.h>

static enum cf_status cf_visit_event(void *context, const struct cf_record *record,
                                     const struct cf_event *event, struct cf_fault *reterr_fault)
{
    return cf_fold(context, record, event, reterr_fault);
}

/* A campaign by id or slug. */
static enum cf_status cf_find_campaign(struct cf_book *book, const char *name, struct cf_id *ret_id,
                                       struct cf_fault *reterr_fault)
{
    struct cf_bytes text = cf_bytes_from_text(name);
    if (cf_id_parse(text, ret_id) == CF_OK || book->ops->lookup(book, CF_LOOKUP_SLUG, text, ret_id))
        return CF_OK;
    CF_FAIL_ON(reterr_fault, CF_NOT_FOUND,
               "no campaign has that id, or that name in its page's address", "%s", name);
}

static void cf_print_amount(const struct cf_forecast *forecast, const char *label, int64_t minor)
{
    char amount[CF_MONEY_TEXT_SIZE];
    cf_money_print(cf_money_of(minor), forecast->currency, amount);
    printf("  %-28s %16s %s\n", label, amount, cf_currency_letters(forecast->currency));
}

static void cf_print_time(const char *label, int64_t time_us)
{
    char time[CF_TIME_TEXT_SIZE];
    cf_time_print(time_us, time);
    printf("  %-28s %s\n", label, time);
}

static void cf_print_forecast(const struct cf_forecast *forecast)
{
    printf("%s\n", forecast->funded ? "funded, or would be if it ended now"
                                    : "not funded if it ended now: all would be released");
    cf_print_amount(forecast, "captured, not settled", forecast->captured_minor);
    cf_print_amount(forecast, "held, to capture", forecast->held_minor);
    cf_print_amount(forecast, "cards to charge", forecast->to_charge_minor);
    cf_print_amount(forecast, "less assumed declines", -forecast->declines_minor);
    cf_print_amount(forecast, "collected", forecast->collected_minor);
    cf_print_amount(forecast, "assumed processor fees", -forecast->processor_fees_minor);
    cf_print_amount(forecast, "platform fee", -cf_money_minor(forecast->parts.platform_fee));
    cf_print_amount(forecast, "tax", -cf_money_minor(forecast->parts.tax));
    cf_print_amount(forecast, "reserve", -cf_money_minor(forecast->parts.reserve));
    cf_print_amount(forecast, "payable to the creator", cf_money_minor(forecast->parts.payable));
    printf("  %-28s %16u\n", "captures to come", forecast->captures);
    cf_print_time("settled at the latest", forecast->settled_by_us);
    cf_print_time("first payout from", forecast->payout_at_us);
    if (forecast->reserve_release_at_us != 0)
        cf_print_time("reserve released", forecast->reserve_release_at_us);
}

static enum cf_status cf_settle_dry_run(const char *data, const char *name,
                                        const struct cf_forecast_assumptions *assumptions,
                                        struct cf_book *book, struct cf_fault *reterr_fault)
{
    struct cf_id campaign_id;
    struct cf_forecast forecast;
    CF_TRY(cf_ledger_walk(data, cf_visit_event, book, reterr_fault));
    CF_TRY(cf_find_campaign(book, name, &campaign_id, reterr_fault));
    CF_TRY(cf_forecast_make(book, &campaign_id, assumptions, &forecast, reterr_fault));
    cf_print_forecast(&forecast);
    return CF_OK;
}

int cf_cli_settle(int argc, char **argv)
{
    const char *data = NULL;
    const char *name = NULL;
    bool dry_run = false;
    int64_t decline_bps = 500;
    int64_t fee_bps = 290;
    int64_t fee_minor = 30;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
        CF_OPTION_FLAG("dry-run", &dry_run, "say what would be; the writer settles in its time"),
        CF_OPTION_NUMBER("declines", &decline_bps, 0, 10000,
                         "ten-thousandths of the cards that decline; 500 unless given"),
        CF_OPTION_NUMBER("fee-bps", &fee_bps, 0, 10000,
                         "the processor's fee in ten-thousandths; 290 unless given"),
        CF_OPTION_NUMBER("fee-minor", &fee_minor, 0, 100000,
                         "the processor's fee for each capture, in minor units; 30 unless given"),
    };
    const struct cf_usage usage = {"settle --dry-run CAMPAIGN", options,
                                   sizeof options / sizeof options[0], 1, 1};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, &name, &stop))
        return stop;
    if (!dry_run)
        return cf_cli_usage("settle", "the writer settles by itself; here is only --dry-run");
    const struct cf_forecast_assumptions assumptions = {.decline_bps = (uint32_t)decline_bps,
                                                        .processor_fee_bps = (uint32_t)fee_bps,
                                                        .processor_fee_minor = fee_minor};
    struct cf_fault fault = {0};
    struct cf_book_memory *memory = cf_book_memory_new();
    enum cf_status status = CF_NO_MEMORY;
    if (memory != NULL)
        status = cf_settle_dry_run(data, name, &assumptions, cf_book_memory_book(memory), &fault);
    cf_book_memory_destroy(memory);
    if (status == CF_OK)
        return CF_EXIT_GOOD;
    fault.status = status;
    return cf_cli_fail("settle", &fault);
}
