/* SPDX-License-Identifier: Apache-2.0 */
#include "core/journal/account_text.h"
#include "core/money_text.h"

#include "eventstore/backup.h"
#include "eventstore/data_dir.h"
#include "eventstore/state_gap.h"
#include "eventstore/verify.h"
#include "tools/cli/cli.h"
#include "tools/cli/files.h"
#include "tools/cli/options.h"

#include <stdio.h>

#define FILES_MAX 64

static enum cf_status restore_all(const struct cf_data_dir *dir, const char *const *paths,
                                  struct cf_fault *reterr_fault)
{
    struct cf_data_dir_path log_path = cf_data_dir_path(dir, "log");
    for (size_t i = 0; i < FILES_MAX && paths[i] != NULL; i++) {
        struct cf_backup_header header;
        CF_TRY(cf_backup_restore(paths[i], log_path.text, &header, reterr_fault));
        printf("%s: records %llu to %llu of %s\n", paths[i], (unsigned long long)header.from + 1,
               (unsigned long long)header.to, header.genesis.origin);
    }
    return CF_OK;
}

/* Against the published checkpoint. */
static enum cf_exit check(const struct cf_data_dir *dir, const char *checkpoint_path,
                          struct cf_verify_report *ret_report, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf checkpoint;
    cf_buf_init(&checkpoint, CF_CHECKPOINT_SIZE_MAX);
    struct cf_data_dir_path log_path = cf_data_dir_path(dir, "log");
    struct cf_verify_options options = {.log_directory = log_path.text, .thread_count = 2};
    enum cf_status status = CF_OK;
    if (checkpoint_path != NULL)
        status = cf_cli_read_file(checkpoint_path, &checkpoint, reterr_fault);
    options.checkpoint = cf_buf_bytes(&checkpoint);
    if (status == CF_OK)
        status = cf_verify(&options, NULL, NULL, ret_report, reterr_fault);
    if (status != CF_OK)
        return cf_cli_fail("restore", reterr_fault);
    if (ret_report->verdict == CF_VERIFY_GOOD) {
        printf("good: %llu records, of which the first %llu are signed\n",
               (unsigned long long)ret_report->size, (unsigned long long)ret_report->signed_size);
        return CF_EXIT_GOOD;
    }
    printf("not whole: %s\n", ret_report->finding);
    static const enum cf_exit exits[] = {
        [CF_VERIFY_TAMPERED] = CF_EXIT_TAMPERED,
        [CF_VERIFY_TRUNCATED] = CF_EXIT_DAMAGED,
        [CF_VERIFY_UNREADABLE] = CF_EXIT_UNREACHABLE,
        [CF_VERIFY_UNVERIFIABLE] = CF_EXIT_UNVERIFIABLE,
    };
    return exits[ret_report->verdict];
}

static void print_gap(void *context, const struct cf_account *account, int64_t seen_minor,
                      int64_t left_minor)
{
    char name[CF_ACCOUNT_TEXT_SIZE], seen[CF_MONEY_TEXT_SIZE], left[CF_MONEY_TEXT_SIZE];
    size_t *count = context;
    if (!cf_currency_is_known(account->currency))
        return;
    cf_account_print(account, name);
    cf_money_print((struct cf_money){seen_minor}, account->currency, seen);
    cf_money_print((struct cf_money){left_minor}, account->currency, left);
    printf("  %-72s %s %s, now %s\n", name, cf_currency_letters(account->currency), seen, left);
    *count += 1;
}

/* The state that survived has seen what the backup has not. */
static enum cf_status missing(const struct cf_data_dir *dir, const char *scratch,
                              struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_log_close) struct cf_log *log = NULL;
    CF_CLEANUP(cf_scope_cf_state_close) struct cf_state *survivor = NULL;
    CF_CLEANUP(cf_scope_cf_state_close) struct cf_state *rebuilt = NULL;
    CF_CLEANUP(cf_scope_cf_state_view_end) struct cf_state_view *seen = NULL;
    CF_CLEANUP(cf_scope_cf_state_view_end) struct cf_state_view *left = NULL;
    struct cf_data_dir_path state_path = cf_data_dir_path(dir, "state"),
                            log_path = cf_data_dir_path(dir, "log");
    if (cf_state_open_to_read(state_path.text, &survivor, NULL) != CF_OK) {
        printf("missing money: unknown, no state survived that has seen more than the backup\n");
        return CF_OK;
    }
    CF_TRY(cf_state_view_begin(survivor, &seen, reterr_fault));
    CF_TRY(cf_log_open(&(struct cf_log_options){.directory = log_path.text, .read_only = true},
                       &log, reterr_fault));
    struct cf_state_start start;
    CF_TRY(cf_state_open(&(struct cf_state_options){.directory = scratch, .log = log}, &rebuilt,
                         &start, reterr_fault));
    CF_TRY(cf_state_view_begin(rebuilt, &left, reterr_fault));
    uint64_t then = cf_state_view_sequence(seen), now = cf_state_view_sequence(left);
    if (then <= now)
        return CF_OK;
    printf("missing: %llu events (%llu to %llu) that the surviving state has seen\n",
           (unsigned long long)(then - now), (unsigned long long)now + 1, (unsigned long long)then);
    size_t accounts = 0;
    printf("missing money, by account:\n");
    CF_TRY(cf_state_gap(seen, left, print_gap, &accounts, reterr_fault));
    if (accounts == 0)
        printf("  none: those events moved no money\n");
    return CF_OK;
}

int cf_cli_restore(int argc, char **argv)
{
    const char *data = NULL, *checkpoint = NULL, *paths[FILES_MAX] = {NULL};
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory; its log must not be there yet"),
        CF_OPTION_TEXT("checkpoint", &checkpoint, "FILE",
                       "the published checkpoint to hold against"),
    };
    const struct cf_usage usage = {"restore FILE...", options, sizeof options / sizeof options[0],
                                   1, FILES_MAX};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, paths, &stop))
        return stop;
    cf_sodium_init();
    struct cf_fault fault = {0};
    struct cf_data_dir dir;
    if (cf_data_dir_open(data, &dir, &fault) != CF_OK || restore_all(&dir, paths, &fault) != CF_OK)
        return cf_cli_fail("restore", &fault);
    struct cf_verify_report report;
    enum cf_exit result = check(&dir, checkpoint, &report, &fault);
    if (result == CF_EXIT_UNREACHABLE)
        return result;
    char scratch[CF_CLI_SCRATCH_SIZE];
    if (cf_cli_scratch_make(scratch, &fault) != CF_OK)
        return cf_cli_fail("restore", &fault);
    enum cf_status status = missing(&dir, scratch, &fault);
    cf_cli_scratch_remove(scratch);
    return status == CF_OK ? result : cf_cli_fail("restore", &fault);
}
