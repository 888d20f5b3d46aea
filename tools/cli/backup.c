/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/backup.h"

#include "eventstore/data_dir.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"

#include <stdio.h>

static enum cf_status back_up(const char *data, const char *after, const char *path,
                              struct cf_backup_header *ret_header, struct cf_fault *reterr_fault)
{
    struct cf_data_dir dir;
    CF_TRY(cf_data_dir_open_ledger(data, &dir, reterr_fault));
    struct cf_backup_header before = {0};
    if (after != NULL)
        CF_TRY(cf_backup_read_header(after, &before, reterr_fault));
    struct cf_data_dir_path log_path = cf_data_dir_path(&dir, "log");
    const struct cf_log_options options = {.directory = log_path.text, .read_only = true};
    CF_CLEANUP(cf_scope_cf_log_close) struct cf_log *log = NULL;
    CF_TRY(cf_log_open(&options, &log, reterr_fault));
    if (after != NULL && strcmp(before.genesis.origin, cf_log_genesis(log)->origin) != 0)
        CF_FAIL_ON(reterr_fault, CF_CONFLICT, "the earlier backup is of another log", "%s", after);
    return cf_backup_write(log, before.to, path, ret_header, reterr_fault);
}

/* Beside a running writer, or after it. */
int cf_cli_backup(int argc, char **argv)
{
    const char *data = NULL, *after = NULL, *path = NULL;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
        CF_OPTION_TEXT("after", &after, "FILE", "an earlier backup: only what came after it"),
    };
    const struct cf_usage usage = {"backup FILE", options, sizeof options / sizeof options[0], 1,
                                   1};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, &path, &stop))
        return stop;
    cf_sodium_init();
    struct cf_backup_header header;
    struct cf_fault fault = {0};
    if (back_up(data, after, path, &header, &fault) != CF_OK)
        return cf_cli_fail("backup", &fault);
    if (header.from == header.to)
        printf("%s: no record of %s is newer than %llu\n", path, header.genesis.origin,
               (unsigned long long)header.to);
    else
        printf("%s: records %llu to %llu of %s\n", path, (unsigned long long)header.from + 1,
               (unsigned long long)header.to, header.genesis.origin);
    return CF_EXIT_GOOD;
}
