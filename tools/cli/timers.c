/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/link.h"
#include "core/time.h"
#include "eventstore/data_dir.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"

#include <stdio.h>

static void print_timer(const struct cf_link_timer *timer, int64_t now_us)
{
    char due[CF_TIME_TEXT_SIZE];
    char subject[CF_ID_TEXT_SIZE];
    cf_time_print(timer->due_us, due);
    cf_id_print(timer->subject, subject);
    printf("%-27s  %-3s  %-20s  %s\n", due, timer->due_us <= now_us ? "due" : "",
           cf_timer_name(timer->timer), subject);
}

/* What the writer will do by itself, earliest first. */
int cf_cli_timers(int argc, char **argv)
{
    const char *data = NULL;
    int64_t count_max = 50;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
        CF_OPTION_NUMBER("count", &count_max, 1, CF_LINK_TIMERS_MAX, "how many at most"),
    };
    const struct cf_usage usage = {"timers", options, sizeof options / sizeof options[0], 0, 0};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;

    CF_CLEANUP(cf_scope_cf_link_close) struct cf_link *link = NULL;
    static struct cf_link_timer timers[CF_LINK_TIMERS_MAX];
    struct cf_fault fault = {0};
    struct cf_data_dir dir;
    size_t count;
    int64_t now_us;
    char now[CF_TIME_TEXT_SIZE];
    if (cf_data_dir_open_ledger(data, &dir, &fault) != CF_OK ||
        cf_link_open(cf_data_dir_socket(&dir, "writer").text, &link, &fault) != CF_OK ||
        cf_link_timers(link, 5000, timers, (size_t)count_max, &count, &now_us, &fault) != CF_OK)
        return cf_cli_fail("timers", &fault);
    cf_time_print(now_us, now);
    printf("%-27s  now\n", now);
    for (size_t i = 0; i < count; i++)
        print_timer(&timers[i], now_us);
    return CF_EXIT_GOOD;
}
