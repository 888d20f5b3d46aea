/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/rotation.h"

#include "eventstore/data_dir.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"

#include <stdio.h>
#include <time.h>

static enum cf_status rotate(const char *data, struct cf_note_verifier *ret_key,
                             struct cf_fault *reterr_fault)
{
    struct cf_data_dir dir;
    CF_TRY(cf_data_dir_open(data, &dir, reterr_fault));
    struct cf_data_dir_path log_path = cf_data_dir_path(&dir, "log"),
                            state_path = cf_data_dir_path(&dir, "state"),
                            key_path = cf_data_dir_path(&dir, "keys/checkpoint");
    CF_CLEANUP(cf_scope_cf_log_close) struct cf_log *log = NULL;
    CF_CLEANUP(cf_scope_cf_state_close) struct cf_state *state = NULL;
    struct cf_state_start start;
    CF_TRY(cf_log_open(&(struct cf_log_options){.directory = log_path.text}, &log, reterr_fault));
    if (cf_log_genesis(log)->clock != CF_LOG_CLOCK_REAL)
        CF_FAIL(reterr_fault, CF_UNSUPPORTED, "a ledger with a simulated clock keeps its key");
    CF_TRY(cf_state_open(&(struct cf_state_options){.directory = state_path.text, .log = log},
                         &state, &start, reterr_fault));
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return cf_rotation_perform(log, state, key_path.text,
                               (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000, ret_key,
                               reterr_fault);
}

/* While the writer is stopped: the log has one writer, and for this moment it is us. */
int cf_cli_rotate_key(int argc, char **argv)
{
    const char *data = NULL;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory; its writer must be stopped"),
    };
    const struct cf_usage usage = {"rotate-key", options, sizeof options / sizeof options[0], 0, 0};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;
    cf_sodium_init();
    struct cf_fault fault = {0};
    struct cf_note_verifier key;
    if (rotate(data, &key, &fault) != CF_OK)
        return cf_cli_fail("rotate-key", &fault);
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf text;
    cf_buf_init(&text, 1024);
    if (cf_note_verifier_append(&key, &text) == CF_OK)
        printf("checkpoints are now signed by %.*s\n", (int)text.size, (const char *)text.data);
    return CF_EXIT_GOOD;
}
