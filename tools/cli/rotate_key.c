/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/link.h"
#include "eventstore/data_dir.h"
#include "eventstore/range.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"

#include <stdio.h>

#define WRITER_TIMEOUT_MS 10000

/* What the record of the rotation says. */
static enum cf_status print_rotation(struct cf_range_client *range, uint64_t sequence,
                                     struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_range_records_clean_up) struct cf_range_records records = {0};
    struct cf_record record;
    struct cf_event event;
    CF_TRY(cf_range_read(range, sequence, 1, &records, reterr_fault));
    if (records.count == 0)
        CF_FAIL(reterr_fault, CF_CORRUPT, "the rotation's record is not there");
    CF_TRY(cf_record_decode(records.records[0], &record, reterr_fault));
    CF_TRY(cf_record_event(&record, &event, reterr_fault));
    if (event.type != CF_EVENT_KEY_ROTATED)
        CF_FAIL(reterr_fault, CF_CORRUPT, "the rotation's record is another one");
    struct cf_bytes key = event.key_rotated.new_verifier_key;
    printf("from record %llu on, checkpoints are signed by %.*s\n", (unsigned long long)sequence,
           (int)key.size, (const char *)key.data);
    return CF_OK;
}

static enum cf_status rotate(const char *data, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_link_close) struct cf_link *link = NULL;
    CF_CLEANUP(cf_scope_cf_range_client_close) struct cf_range_client *range = NULL;
    struct cf_data_dir dir;
    uint64_t sequence;
    CF_TRY(cf_data_dir_open_ledger(data, &dir, reterr_fault));
    CF_TRY(cf_link_open(cf_data_dir_socket(&dir, "writer").text, &link, reterr_fault));
    CF_TRY(
        cf_range_client_open(cf_data_dir_socket(&dir, "range").text, NULL, &range, reterr_fault));
    enum cf_status status = cf_link_rotate(link, WRITER_TIMEOUT_MS, &sequence, reterr_fault);
    if (status == CF_TIMEOUT || status == CF_RETRY)
        CF_FAIL_ON(reterr_fault, status, "no writer answers; the key is its own, so it must run",
                   "%s", dir.path);
    CF_TRY(status);
    return print_rotation(range, sequence, reterr_fault);
}

/* The writer does it: the key is its own, and nobody else's. */
int cf_cli_rotate_key(int argc, char **argv)
{
    const char *data = NULL;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory of a running writer"),
    };
    const struct cf_usage usage = {"rotate-key", options, sizeof options / sizeof options[0], 0, 0};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;
    struct cf_fault fault = {0};
    return rotate(data, &fault) == CF_OK ? CF_EXIT_GOOD : cf_cli_fail("rotate-key", &fault);
}
