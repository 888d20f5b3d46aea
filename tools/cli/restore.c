/* SPDX-License-Identifier: Apache-2.0 */
#include "core/journal/account_text.h"
#include "core/money_text.h"

#include "eventstore/backup.h"
#include "eventstore/data_dir.h"
#include "eventstore/state_gap.h"
#include "eventstore/vault.h"
#include "eventstore/verify.h"
#include "tools/cli/cli.h"
#include "tools/cli/files.h"
#include "tools/cli/options.h"

#include <stdio.h>
#include <unistd.h>

#define FILES_MAX 64

static void vault_close(struct cf_vault **vault)
{
    cf_vault_close(*vault);
}

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

/* Against the published checkpoint, if there is one. */
static enum cf_status check(const struct cf_data_dir *dir, struct cf_bytes checkpoint,
                            struct cf_verify_report *ret_report, struct cf_fault *reterr_fault)
{
    struct cf_data_dir_path log_path = cf_data_dir_path(dir, "log");
    const struct cf_verify_options options = {
        .log_directory = log_path.text, .thread_count = 2, .checkpoint = checkpoint};
    CF_TRY(cf_verify(&options, NULL, NULL, ret_report, reterr_fault));
    if (ret_report->verdict == CF_VERIFY_GOOD)
        printf("good: %llu records, of which the first %llu are signed\n",
               (unsigned long long)ret_report->size, (unsigned long long)ret_report->signed_size);
    else
        printf("not whole: %s\n", ret_report->finding);
    return CF_OK;
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

/* Money, by account: what the survivor has seen beside what the restored records come to. */
static enum cf_status print_money(const struct cf_data_dir *dir, struct cf_state_view *seen,
                                  const char *scratch, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_log_close) struct cf_log *log = NULL;
    CF_CLEANUP(cf_scope_cf_state_close) struct cf_state *rebuilt = NULL;
    CF_CLEANUP(cf_scope_cf_state_view_end) struct cf_state_view *left = NULL;
    struct cf_data_dir_path log_path = cf_data_dir_path(dir, "log");
    struct cf_state_start start;
    CF_TRY(cf_log_open(&(struct cf_log_options){.directory = log_path.text, .read_only = true},
                       &log, reterr_fault));
    CF_TRY(cf_state_open(
        &(struct cf_state_options){.directory = scratch, .log = log, .half = CF_STATE_BOOK},
        &rebuilt, &start, reterr_fault));
    CF_TRY(cf_state_view_begin(rebuilt, &left, reterr_fault));
    size_t accounts = 0;
    CF_TRY(cf_state_gap(seen, left, print_gap, &accounts, reterr_fault));
    if (accounts == 0)
        printf("  none: those events moved no money\n");
    return CF_OK;
}

/* Whatever has seen more than the backups: the state, or, where the machine stopped with it open, its
 * last copy. NULL where neither is there. */
static struct cf_state *open_survivor(const struct cf_data_dir *dir)
{
    struct cf_data_dir_path path = cf_data_dir_path(dir, "state");
    struct cf_state *survivor = NULL;
    if (cf_state_open_to_read(path.text, &survivor, NULL) != CF_OK &&
        cf_state_open_copy_to_read(path.text, &survivor, NULL) != CF_OK)
        return NULL;
    return survivor;
}

/* What the restored log of `now` records lacks, as far as anything here knows. `published` is the size
 * of the checkpoint that it was held against; 0: there was none. */
static enum cf_status missing(const struct cf_data_dir *dir, uint64_t now, uint64_t published,
                              const char *scratch, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_state_close) struct cf_state *survivor = open_survivor(dir);
    CF_CLEANUP(cf_scope_cf_state_view_end) struct cf_state_view *seen = NULL;
    uint64_t then = 0;
    if (survivor != NULL)
        CF_TRY(cf_state_view_begin(survivor, &seen, reterr_fault));
    if (seen != NULL)
        then = cf_state_view_sequence(seen);
    uint64_t most = then > published ? then : published;
    if (most == 0)
        printf(
            "missing: unknown; without a published checkpoint (--checkpoint) and without a state "
            "that survived nothing says how long the log was\n");
    if (most <= now)
        return CF_OK;
    printf("missing: %llu events (%llu to %llu), as %s\n", (unsigned long long)(most - now),
           (unsigned long long)now + 1, (unsigned long long)most,
           then > published ? "the state that survived has seen"
                            : "the published checkpoint has signed");
    if (then > now) {
        printf("missing money, by account, in events %llu to %llu:\n", (unsigned long long)now + 1,
               (unsigned long long)then);
        CF_TRY(print_money(dir, seen, scratch, reterr_fault));
    }
    if (then < most)
        printf(
            "missing money of events %llu to %llu: unknown here, no state survived that has seen "
            "them; the read models may have: coffer rebuild --diff-only\n",
            (unsigned long long)(then > now ? then : now) + 1, (unsigned long long)most);
    return CF_OK;
}

/* The vault follows the log that is there now. What it learnt from records that are lost it has done,
 * and an erasure stays done. */
static enum cf_status rewind_vault(const struct cf_data_dir *dir, uint64_t size,
                                   struct cf_fault *reterr_fault)
{
    struct cf_data_dir_path file = cf_data_dir_path(dir, "vault/data.mdb"),
                            directory = cf_data_dir_path(dir, "vault"),
                            key = cf_data_dir_path(dir, "keys/vault");
    CF_CLEANUP(vault_close) struct cf_vault *vault = NULL;
    uint64_t position;
    if (access(file.text, F_OK) != 0)
        return CF_OK;
    CF_TRY(cf_vault_open(directory.text, key.text, &vault, reterr_fault));
    CF_TRY(cf_vault_begin(vault, reterr_fault));
    enum cf_status status = cf_vault_position(vault, &position, reterr_fault);
    if (status == CF_OK && position > size)
        status = cf_vault_position_set(vault, size, reterr_fault);
    if (status != CF_OK) {
        cf_vault_abort(vault);
        return status;
    }
    CF_TRY(cf_vault_commit(vault, reterr_fault));
    if (position > size)
        printf("the vault had followed the log to record %llu: it goes on from %llu\n",
               (unsigned long long)position, (unsigned long long)size);
    return CF_OK;
}

static enum cf_exit exit_of(enum cf_verify_verdict verdict)
{
    switch (verdict) {
    case CF_VERIFY_GOOD:
        return CF_EXIT_GOOD;
    case CF_VERIFY_TAMPERED:
        return CF_EXIT_TAMPERED;
    case CF_VERIFY_TRUNCATED:
        return CF_EXIT_DAMAGED;
    case CF_VERIFY_UNREADABLE:
        return CF_EXIT_UNREACHABLE;
    case CF_VERIFY_UNVERIFIABLE:
        return CF_EXIT_UNVERIFIABLE;
    }
    return CF_EXIT_UNREACHABLE;
}

/* The size that a checkpoint speaks of, once it was held against the log: only a signed one counts. */
static uint64_t published_size(struct cf_bytes bytes, const struct cf_verify_report *report)
{
    struct cf_note note;
    struct cf_checkpoint checkpoint;
    bool believed = report->verdict == CF_VERIFY_GOOD || report->verdict == CF_VERIFY_TRUNCATED;
    if (bytes.size == 0 || !believed || cf_note_parse(bytes, &note, NULL) != CF_OK ||
        cf_checkpoint_parse(note.text, &checkpoint, NULL) != CF_OK)
        return 0;
    return checkpoint.size;
}

static enum cf_status restore(const struct cf_data_dir *dir, const char *const *paths,
                              const char *checkpoint_path, enum cf_exit *ret_exit,
                              struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf checkpoint;
    struct cf_verify_report report;
    char scratch[CF_CLI_SCRATCH_SIZE];
    cf_buf_init(&checkpoint, CF_CHECKPOINT_SIZE_MAX);
    if (checkpoint_path != NULL)
        CF_TRY(cf_cli_read_file(checkpoint_path, &checkpoint, reterr_fault));
    CF_TRY(restore_all(dir, paths, reterr_fault));
    CF_TRY(check(dir, cf_buf_bytes(&checkpoint), &report, reterr_fault));
    *ret_exit = exit_of(report.verdict);
    if (report.verdict == CF_VERIFY_UNREADABLE)
        return CF_OK;
    CF_TRY(rewind_vault(dir, report.size, reterr_fault));
    CF_TRY(cf_cli_scratch_make(scratch, reterr_fault));
    enum cf_status status =
        missing(dir, report.size, published_size(cf_buf_bytes(&checkpoint), &report), scratch,
                reterr_fault);
    cf_cli_scratch_remove(scratch);
    return status;
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
    enum cf_exit outcome = CF_EXIT_GOOD;
    if (cf_data_dir_open(data, &dir, &fault) != CF_OK ||
        restore(&dir, paths, checkpoint, &outcome, &fault) != CF_OK)
        return cf_cli_fail("restore", &fault);
    return outcome;
}
