/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/gateway/inquiry.h"
#include "core/event/choices.h"
#include "eventstore/data_dir.h"
#include "eventstore/range.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"

#include <stdio.h>

#define PAGE 256
#define GATEWAY_TIMEOUT_MS 2000

/* How the gateway fares, in its own words; nothing when it does not answer. */
static void print_gateway(const struct cf_data_dir *dir)
{
    struct cf_buf about;
    cf_buf_init(&about, 64 << 10);
    if (cf_inquire_status(cf_data_dir_socket(dir, "gateway").text, GATEWAY_TIMEOUT_MS, &about,
                          NULL) == CF_OK)
        printf("gateway %.*s\n", (int)about.size, (const char *)about.data);
    else
        printf("gateway does not answer\n");
    cf_buf_clean_up(&about);
}

/* What the gateway is asked to do and has not answered, oldest first. */
int cf_cli_requests(int argc, char **argv)
{
    const char *data = NULL;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
    };
    const struct cf_usage usage = {"requests", options, sizeof options / sizeof options[0], 0, 0};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;

    CF_CLEANUP(cf_scope_cf_range_client_close) struct cf_range_client *client = NULL;
    static struct cf_range_request requests[PAGE];
    struct cf_fault fault = {0};
    struct cf_data_dir dir;
    uint64_t after = 0;
    size_t count;
    if (cf_data_dir_open_ledger(data, &dir, &fault) != CF_OK ||
        cf_range_client_open(cf_data_dir_socket(&dir, "range").text, NULL, &client, &fault) !=
            CF_OK)
        return cf_cli_fail("requests", &fault);
    do {
        if (cf_range_requests(client, after, requests, PAGE, &count, &fault) != CF_OK)
            return cf_cli_fail("requests", &fault);
        for (size_t i = 0; i < count; i++) {
            char subject[CF_ID_TEXT_SIZE];
            cf_id_print(requests[i].subject, subject);
            printf("%10llu  %-18s  %s\n", (unsigned long long)requests[i].sequence,
                   cf_request_name((enum cf_request)requests[i].kind), subject);
            after = requests[i].sequence;
        }
    } while (count == PAGE);
    print_gateway(&dir);
    return CF_EXIT_GOOD;
}
