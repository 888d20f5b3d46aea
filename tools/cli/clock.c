/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer clock: reads the ledger's clock, and moves that of a simulated ledger, its sandbox's along with it. What
 * falls due on the way is done on the way.
 */
#include "tools/import/clock.h"

#include "core/base/scope.h"
#include "core/time.h"
#include "eventstore/data_dir.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"
#include "tools/cli/sandbox_url.h"

#include <stdio.h>

/* How far forward, and until when: whichever is later. */
struct way {
    const char *to;
    int64_t days, hours;
    bool alone;
};

static enum cf_status find_target(const struct way *way, int64_t now_us, int64_t *ret_target_us,
                                  struct cf_fault *reterr_fault)
{
    int64_t to_us = 0;
    if (way->to != NULL && cf_time_parse(cf_bytes_from_text(way->to), &to_us) != CF_OK)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "no time to go to", "%s", way->to);
    int64_t from_now_us = now_us + way->days * CF_DAY_US + way->hours * CF_HOUR_US;
    *ret_target_us = to_us > from_now_us ? to_us : from_now_us;
    return CF_OK;
}

/* Without its sandbox only the ledger's clock can be moved. */
static enum cf_status open_sandbox(const struct cf_data_dir *dir, const char *url,
                                   struct cf_import_provider *ret_provider,
                                   struct cf_fault *reterr_fault)
{
    char own_url[CF_SANDBOX_URL_SIZE];
    if (url == NULL)
        CF_TRY(cf_sandbox_url_read(dir, own_url, reterr_fault));
    return cf_import_provider_open(url != NULL ? url : own_url, ret_provider, reterr_fault);
}

static enum cf_status go(struct cf_import_clock *clock, const struct cf_data_dir *dir,
                         const char *url, const struct way *way, struct cf_fault *reterr_fault)
{
    int64_t target_us;
    CF_TRY(cf_import_clock_look(clock, reterr_fault));
    CF_TRY(find_target(way, clock->now_us, &target_us, reterr_fault));
    if (target_us == clock->now_us && way->to == NULL)
        return CF_OK;
    struct cf_import_provider provider = {0};
    if (!way->alone) {
        CF_TRY(open_sandbox(dir, url, &provider, reterr_fault));
        clock->provider = &provider;
    }
    enum cf_status status = cf_import_clock_move(clock, target_us, reterr_fault);
    if (status == CF_OK)
        status = cf_import_clock_settle(clock, reterr_fault);
    cf_import_provider_close(&provider);
    clock->provider = NULL;
    return status;
}

int cf_cli_clock(int argc, char **argv)
{
    const char *data = NULL, *url = NULL;
    struct way way = {0};
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
        CF_OPTION_NUMBER("days", &way.days, 0, 36500, "days forward"),
        CF_OPTION_NUMBER("hours", &way.hours, 0, 876000, "and hours"),
        CF_OPTION_TEXT("to", &way.to, "TIME", "forward to a time (RFC 3339)"),
        CF_OPTION_TEXT("stripe-url", &url, "URL", "the sandbox, where it is not this ledger's own"),
        CF_OPTION_FLAG("alone", &way.alone,
                       "the ledger's clock alone, as if the sandbox were away"),
    };
    const struct cf_usage usage = {"clock", options, sizeof options / sizeof options[0], 0, 0};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;
    CF_CLEANUP(cf_scope_cf_import_sender_close) struct cf_import_sender *sender = NULL;
    struct cf_range_client *log = NULL;
    struct cf_bus_client *gateway = NULL;
    struct cf_fault fault = {0};
    struct cf_data_dir dir;
    char now[CF_TIME_TEXT_SIZE];
    if (cf_data_dir_open(data, &dir, &fault) != CF_OK ||
        cf_import_sender_open(cf_data_dir_socket(&dir, "writer").text, &sender, &fault) != CF_OK ||
        cf_range_client_open(cf_data_dir_socket(&dir, "range").text, NULL, &log, &fault) != CF_OK ||
        cf_bus_client_open(cf_data_dir_socket(&dir, "gateway").text, &gateway, &fault) != CF_OK)
        return cf_cli_fail("clock", &fault);
    const struct cf_import_stop nobody = {0};
    struct cf_import_clock clock = {
        .sender = sender, .gateway = gateway, .log = log, .stop = &nobody};
    enum cf_status status = go(&clock, &dir, url, &way, &fault);
    cf_bus_client_close(gateway);
    cf_range_client_close(log);
    if (status != CF_OK)
        return cf_cli_fail("clock", &fault);
    cf_time_print(clock.now_us, now);
    printf("%s\n", now);
    return CF_EXIT_GOOD;
}
