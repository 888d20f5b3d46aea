/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/verify.h"

#include "eventstore/data_dir.h"
#include "tools/cli/cli.h"
#include "tools/cli/files.h"
#include "tools/cli/options.h"
#include "tools/cli/progress.h"

#include <stdio.h>
#include <stdlib.h>

#define THREADS_MAX 64

static void show_progress(void *context, const char *phase, uint64_t done, uint64_t total)
{
    struct cf_progress *progress = context;
    if (progress->label != phase) {
        if (progress->label != NULL)
            cf_progress_end(progress);
        cf_progress_begin(progress, phase, (int64_t)total);
    }
    cf_progress_set(progress, (int64_t)done);
}

static void print_good(const struct cf_verify_report *report)
{
    printf("good: %llu records hold together, %llu checkpoints hold",
           (unsigned long long)report->size, (unsigned long long)report->checkpoints);
    if (report->state_rows > 0)
        printf(", the state is what the log makes of it (%llu rows)",
               (unsigned long long)report->state_rows);
    printf("\n");
    if (report->signed_size < report->size)
        printf("unsigned: the newest %llu records are covered by no checkpoint\n",
               (unsigned long long)(report->size - report->signed_size));
    if (!report->outside)
        printf("note: without a checkpoint that was kept elsewhere (--checkpoint FILE) a log that "
               "was cut back cannot be told from an old one\n");
    if (report->state_note[0] != '\0')
        printf("note: %s\n", report->state_note);
}

static enum cf_exit print(const struct cf_verify_report *report)
{
    static const char *const words[] = {
        [CF_VERIFY_GOOD] = "good",
        [CF_VERIFY_TAMPERED] = "TAMPERED",
        [CF_VERIFY_TRUNCATED] = "TRUNCATED OR DAMAGED",
        [CF_VERIFY_UNREADABLE] = "unreadable",
        [CF_VERIFY_UNVERIFIABLE] = "unverifiable",
    };
    static const enum cf_exit exits[] = {
        [CF_VERIFY_GOOD] = CF_EXIT_GOOD,
        [CF_VERIFY_TAMPERED] = CF_EXIT_TAMPERED,
        [CF_VERIFY_TRUNCATED] = CF_EXIT_DAMAGED,
        [CF_VERIFY_UNREADABLE] = CF_EXIT_UNREACHABLE,
        [CF_VERIFY_UNVERIFIABLE] = CF_EXIT_UNVERIFIABLE,
    };
    if (report->verdict == CF_VERIFY_GOOD) {
        print_good(report);
        return CF_EXIT_GOOD;
    }
    printf("%s: %s\n", words[report->verdict], report->finding);
    if (report->sequence > report->size)
        printf("first missing record: %llu, of %llu that are there\n",
               (unsigned long long)report->sequence, (unsigned long long)report->size);
    else if (report->sequence != 0)
        printf("first bad record: %llu of %llu\n", (unsigned long long)report->sequence,
               (unsigned long long)report->size);
    if (report->event[0] != '\0')
        printf("type: %s\nstream: %s\n", report->event, report->stream);
    if (report->sequence != 0)
        printf("money at stake: %s\n", report->event[0] == '\0'
                                           ? "unknown, the record cannot be read"
                                       : report->money[0] == '\0' ? "none in this record"
                                                                  : report->money);
    if (report->signed_size > 0)
        printf("signed: the first %llu records are as the newest good checkpoint signed them\n",
               (unsigned long long)report->signed_size);
    return exits[report->verdict];
}

/* The log's key: what --key says, else the key file beside the log, else what the log says. */
static enum cf_status find_key(const struct cf_data_dir *dir, const char *text,
                               struct cf_note_verifier *ret_key, bool *ret_known,
                               struct cf_fault *reterr_fault)
{
    *ret_known = true;
    if (text != NULL)
        return cf_note_verifier_parse(cf_bytes_from_text(text), ret_key, reterr_fault);
    struct cf_note_signer signer;
    struct cf_data_dir_path path = cf_data_dir_path(dir, "keys/checkpoint");
    enum cf_status status = cf_checkpoint_key_read(path.text, &signer, reterr_fault);
    *ret_known = status == CF_OK;
    *ret_key = signer.verifier;
    cf_secret_wipe(&signer, sizeof signer);
    return status == CF_NOT_FOUND || status == CF_OK ? CF_OK : status;
}

static enum cf_status verify(const struct cf_data_dir *dir, const char *key_text,
                             const char *checkpoint_path, bool state, int64_t threads,
                             struct cf_verify_report *ret_report, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf checkpoint;
    cf_buf_init(&checkpoint, CF_CHECKPOINT_SIZE_MAX);
    if (checkpoint_path != NULL)
        CF_TRY(cf_cli_read_file(checkpoint_path, &checkpoint, reterr_fault));
    struct cf_note_verifier key = {0};
    bool key_known;
    CF_TRY(find_key(dir, key_text, &key, &key_known, reterr_fault));

    char scratch[CF_CLI_SCRATCH_SIZE];
    if (state)
        CF_TRY(cf_cli_scratch_make(scratch, reterr_fault));
    struct cf_data_dir_path log_path = cf_data_dir_path(dir, "log"),
                            state_path = cf_data_dir_path(dir, "state");
    const struct cf_verify_options options = {
        .log_directory = log_path.text,
        .state_directory = state ? state_path.text : NULL,
        .scratch_directory = state ? scratch : NULL,
        .thread_count = (unsigned)threads,
        .checkpoint = cf_buf_bytes(&checkpoint),
        .key = key_known ? &key : NULL,
    };
    struct cf_progress progress = {0};
    enum cf_status status = cf_verify(&options, show_progress, &progress, ret_report, reterr_fault);
    if (progress.label != NULL)
        cf_progress_end(&progress);
    if (state)
        cf_cli_scratch_remove(scratch);
    return status;
}

int cf_cli_verify(int argc, char **argv)
{
    const char *data = NULL, *checkpoint = NULL, *key = NULL;
    bool tree_only = false;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int64_t threads = cores < 1 ? 1 : cores > THREADS_MAX ? THREADS_MAX : cores;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
        CF_OPTION_TEXT("checkpoint", &checkpoint, "FILE", "a checkpoint that was kept elsewhere"),
        CF_OPTION_TEXT("key", &key, "KEY", "the log's verifier key, name+id+key"),
        CF_OPTION_FLAG("tree-only", &tree_only, "bytes, tree and checkpoints; no replay"),
        CF_OPTION_NUMBER("threads", &threads, 1, THREADS_MAX, "how many cores to use"),
    };
    const struct cf_usage usage = {"verify", options, sizeof options / sizeof options[0], 0, 0};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;
    cf_sodium_init();
    struct cf_data_dir dir;
    struct cf_verify_report report;
    struct cf_fault fault = {0};
    enum cf_status status = cf_data_dir_open_ledger(data, &dir, &fault);
    if (status == CF_OK)
        status = verify(&dir, key, checkpoint, !tree_only, threads, &report, &fault);
    if (status != CF_OK)
        return cf_cli_fail("verify", &fault);
    return print(&report);
}
