/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds an export or a certificate against the log's key, and with --data against the log itself: then
 * every back-link is recomputed, and nothing can have been left out.
 */
#include "eventstore/data_dir.h"
#include "eventstore/key_chain.h"
#include "eventstore/subject_export.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"

#include <errno.h>
#include <stdio.h>

#define FILE_SIZE_MAX ((size_t)1 << 31)

static enum cf_status read_file(const char *path, struct cf_buf *ret_bytes,
                                struct cf_fault *reterr_fault)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot read the file", "%s: %s", path, strerror(errno));
    enum cf_status status = CF_OK;
    uint8_t chunk[65536];
    for (size_t size; status == CF_OK && (size = fread(chunk, 1, sizeof chunk, file)) > 0;)
        status = cf_buf_append(ret_bytes, cf_bytes_from(chunk, size));
    bool failed = ferror(file) != 0;
    fclose(file);
    if (status == CF_OK && failed)
        status = CF_IO;
    if (status != CF_OK)
        CF_FAIL_ON(reterr_fault, status, "cannot read the file", "%s", path);
    return CF_OK;
}

static enum cf_status open_log(const char *data, struct cf_log **ret_log,
                               struct cf_fault *reterr_fault)
{
    struct cf_data_dir dir;
    CF_TRY(cf_data_dir_open(data, &dir, reterr_fault));
    struct cf_data_dir_path path = cf_data_dir_path(&dir, "log");
    const struct cf_log_options options = {.directory = path.text, .read_only = true};
    return cf_log_open(&options, ret_log, reterr_fault);
}

/* With the key that was given. */
static enum cf_status check_with_key(struct cf_bytes file, const char *key,
                                     struct cf_subject_proved *ret_proved,
                                     struct cf_fault *reterr_fault)
{
    struct cf_note_verifier verifier;
    CF_TRY(cf_note_verifier_parse(cf_bytes_from_text(key), &verifier, reterr_fault));
    return cf_subject_export_check(file, &verifier, ret_proved, reterr_fault);
}

/* With the key that the log says was in force for the file's checkpoint. */
static enum cf_status check_with_log(struct cf_bytes file, struct cf_log *log,
                                     struct cf_subject_proved *ret_proved,
                                     struct cf_fault *reterr_fault)
{
    static struct cf_key_chain keys; /* too large for a stack */
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
    CF_TRY(cf_log_view_begin(log, &view, reterr_fault));
    if (cf_key_chain_begin(&keys, cf_log_genesis(log)) != CF_OK)
        CF_FAIL(reterr_fault, CF_CORRUPT, "the log's first key is malformed");
    CF_TRY(cf_key_chain_walk(&keys, view, cf_log_view_size(view), reterr_fault));
    enum cf_status status = CF_NOT_FOUND;
    for (size_t i = 0; i < keys.count && status == CF_NOT_FOUND; i++) {
        status = cf_subject_export_check(file, &keys.keys[i], ret_proved, reterr_fault);
        if (status == CF_OK && cf_key_chain_at(&keys, ret_proved->size) != &keys.keys[i])
            CF_FAIL(reterr_fault, CF_NOT_FOUND, "the key that signed was not in force then");
    }
    return status;
}

static enum cf_exit fail(const struct cf_fault *fault)
{
    enum cf_exit result = cf_cli_fail("check-export", fault);
    if (fault->status == CF_CORRUPT)
        return CF_EXIT_TAMPERED;
    return fault->status == CF_NOT_FOUND ? CF_EXIT_UNVERIFIABLE : result;
}

static enum cf_status check_against_log(struct cf_log *log, const struct cf_subject_proved *proved,
                                        struct cf_subject_answer *ret_answer,
                                        struct cf_fault *reterr_fault)
{
    struct cf_log_view *view;
    CF_TRY(cf_log_view_begin(log, &view, reterr_fault));
    enum cf_status status = cf_subject_recompute(view, proved, ret_answer, reterr_fault);
    cf_log_view_end(view);
    return status;
}

static enum cf_exit check(const char *path, const char *key, struct cf_log *log)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf file;
    struct cf_subject_proved proved;
    struct cf_fault fault = {0};
    char subject[CF_ID_TEXT_SIZE];
    cf_buf_init(&file, FILE_SIZE_MAX);
    enum cf_status status = read_file(path, &file, &fault);
    if (status == CF_OK && key != NULL)
        status = check_with_key(cf_buf_bytes(&file), key, &proved, &fault);
    else if (status == CF_OK)
        status = check_with_log(cf_buf_bytes(&file), log, &proved, &fault);
    if (status != CF_OK) {
        fault.status = status;
        return fail(&fault);
    }
    cf_id_print(proved.subject, subject);
    printf("good: %llu records of %s stand in the log %s of size %llu%s\n",
           (unsigned long long)proved.count, subject, proved.origin,
           (unsigned long long)proved.size,
           proved.erasure ? ", the newest says that the subject is erased" : "");
    if (log == NULL || proved.erasure) {
        printf("not checked: whether the log has more records that name the subject; that takes "
               "the log (--data) and a history\n");
        return CF_EXIT_GOOD;
    }
    struct cf_subject_answer answer;
    if (check_against_log(log, &proved, &answer, &fault) != CF_OK)
        return fail(&fault);
    if (answer.finding != CF_SUBJECT_WHOLE) {
        printf("TAMPERED at record %llu: %s\n", (unsigned long long)answer.sequence,
               cf_subject_finding_sentence(answer.finding));
        return CF_EXIT_TAMPERED;
    }
    printf("complete: %s; every back-link up to this checkpoint was recomputed\n",
           cf_subject_finding_sentence(answer.finding));
    return CF_EXIT_GOOD;
}

int cf_cli_check_export(int argc, char **argv)
{
    const char *data = NULL, *key = NULL, *path;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the ledger, to recompute every back-link"),
        CF_OPTION_TEXT("checkpoint-key", &key, "KEY",
                       "name+id+key of whoever signed; else --data's"),
    };
    const struct cf_usage usage = {"check-export FILE", options, sizeof options / sizeof options[0],
                                   1, 1};
    enum cf_exit result;
    if (!cf_options_read(&usage, argc, argv, &path, &result))
        return result;
    if (data == NULL && key == NULL)
        return cf_cli_usage("check-export", "it takes --checkpoint-key, --data, or both");
    cf_sodium_init();
    struct cf_log *log = NULL;
    struct cf_fault fault = {0};
    if (data != NULL && open_log(data, &log, &fault) != CF_OK)
        return cf_cli_fail("check-export", &fault);
    result = check(path, key, log);
    cf_log_close(log);
    return result;
}
