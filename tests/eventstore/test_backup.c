/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a full backup and the incremental ones after it give back the log byte for byte; what does
 * not follow, is damaged or belongs elsewhere is refused; what is missing is said in money.
 * Shown: on a sample ledger, by restoring into fresh directories.
 */
#include "eventstore/backup.h"
#include "eventstore/state_gap.h"
#include "eventstore/verify.h"
#include "tests/support/cmocka.h"
#include "tests/support/sample_log.h"
#include "tests/support/temp_dir.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    struct cf_temp_dir dir;
    struct cf_sample_log sample;
    char full[128], next[128], restored[128];
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    cf_temp_dir_make(&fixture->dir);
    snprintf(fixture->full, sizeof fixture->full, "%s/full", fixture->dir.path);
    snprintf(fixture->next, sizeof fixture->next, "%s/next", fixture->dir.path);
    snprintf(fixture->restored, sizeof fixture->restored, "%s/restored", fixture->dir.path);
    cf_sample_log_open(&fixture->sample, fixture->dir.path, NULL);
    struct cf_backup_header header;
    for (int i = 0; i < 3; i++) {
        cf_sample_log_append(&fixture->sample, 900);
        assert_int_equal(
            cf_checkpoint_sign_head(fixture->sample.log, &fixture->sample.signer, NULL, NULL),
            CF_OK);
        /* The writer goes on meanwhile: the log is open for writing. */
        if (i == 0)
            assert_int_equal(cf_backup_write(fixture->sample.log, 0, fixture->full, &header, NULL),
                             CF_OK);
    }
    cf_sample_log_append(&fixture->sample, 7);
    assert_int_equal(cf_backup_write(fixture->sample.log, 900, fixture->next, &header, NULL),
                     CF_OK);
    assert_int_equal(header.to, 2707);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    cf_sample_log_close(&fixture->sample);
    cf_temp_dir_remove(&fixture->dir);
    free(fixture);
    return 0;
}

static void test_backup__gives_the_log_back(void **state)
{
    struct fixture *fixture = *state;
    struct cf_backup_header header;
    assert_int_equal(cf_backup_restore(fixture->full, fixture->restored, &header, NULL), CF_OK);
    assert_int_equal(header.to, 900);
    assert_int_equal(cf_backup_restore(fixture->next, fixture->restored, &header, NULL), CF_OK);

    struct cf_verify_report report;
    const struct cf_verify_options options = {.log_directory = fixture->restored,
                                              .thread_count = 1,
                                              .key = &fixture->sample.signer.verifier};
    assert_int_equal(cf_verify(&options, NULL, NULL, &report, NULL), CF_OK);
    assert_string_equal(report.finding, "");
    assert_int_equal(report.size, 2707);
    assert_int_equal(report.signed_size, 2700);
    assert_int_equal(report.checkpoints, 3);

    struct cf_log *log;
    const struct cf_log_options log_options = {.directory = fixture->restored, .read_only = true};
    assert_int_equal(cf_log_open(&log_options, &log, NULL), CF_OK);
    struct cf_buf expected, got;
    cf_buf_init(&expected, CF_RECORD_SIZE_MAX);
    cf_buf_init(&got, CF_RECORD_SIZE_MAX);
    for (uint64_t sequence = 1; sequence <= 2707; sequence++) {
        assert_int_equal(cf_log_read(fixture->sample.log, sequence, &expected, NULL), CF_OK);
        assert_int_equal(cf_log_read(log, sequence, &got, NULL), CF_OK);
        assert_true(cf_bytes_equal(cf_buf_bytes(&expected), cf_buf_bytes(&got)));
    }
    cf_buf_clean_up(&expected);
    cf_buf_clean_up(&got);
    cf_log_close(log);
}

static void test_backup__refuses_what_does_not_follow(void **state)
{
    struct fixture *fixture = *state;
    struct cf_backup_header header;
    struct cf_fault fault = {0};
    assert_int_equal(cf_backup_restore(fixture->next, fixture->restored, &header, &fault),
                     CF_CONFLICT);
    assert_int_equal(cf_backup_restore(fixture->full, fixture->restored, &header, NULL), CF_OK);
    assert_int_equal(cf_backup_restore(fixture->full, fixture->restored, &header, NULL),
                     CF_CONFLICT);
    assert_int_equal(cf_backup_write(fixture->sample.log, 2708, "/nowhere", &header, NULL),
                     CF_RANGE);
    assert_int_equal(cf_backup_write(fixture->sample.log, 0, fixture->full, &header, NULL),
                     CF_CONFLICT);

    /* Another log of the same name and key. */
    char other[128], other_full[128];
    snprintf(other, sizeof other, "%s/other", fixture->dir.path);
    snprintf(other_full, sizeof other_full, "%s/other-full", fixture->dir.path);
    struct cf_sample_log strange;
    cf_sample_log_open(&strange, other, NULL);
    for (int i = 0; i < 900; i++)
        cf_sample_log_append(&strange, 1);
    assert_int_equal(cf_backup_write(strange.log, 0, other_full, &header, NULL), CF_OK);
    cf_sample_log_close(&strange);
    char log[256];
    snprintf(log, sizeof log, "%s/elsewhere", fixture->dir.path);
    assert_int_equal(cf_backup_restore(other_full, log, &header, NULL), CF_OK);
    assert_int_equal(cf_backup_restore(fixture->next, log, &header, &fault), CF_CONFLICT);
    assert_string_equal(fault.text, "the backup goes on from other records");
}

static void test_backup__notices_damage(void **state)
{
    struct fixture *fixture = *state;
    struct stat info;
    assert_int_equal(stat(fixture->full, &info), 0);
    for (int round = 0; round < 40; round++) {
        char damaged[128], into[128], command[300];
        snprintf(damaged, sizeof damaged, "%s/damaged", fixture->dir.path);
        snprintf(into, sizeof into, "%s/into", fixture->dir.path);
        snprintf(command, sizeof command, "cp %s %s", fixture->full, damaged);
        assert_int_equal(system(command), 0);
        off_t at = info.st_size * round / 40;
        if (round % 2 == 0) {
            assert_int_equal(truncate(damaged, at), 0);
        } else {
            int fd = open(damaged, O_RDWR);
            uint8_t byte;
            assert_int_equal(pread(fd, &byte, 1, at), 1);
            byte ^= 0x04;
            assert_int_equal(pwrite(fd, &byte, 1, at), 1);
            close(fd);
        }
        struct cf_backup_header header;
        enum cf_status status = cf_backup_restore(damaged, into, &header, NULL);
        if (status != CF_CORRUPT && status != CF_INVALID)
            fail_msg("round %d: %s", round, cf_status_name(status));
        /* Nothing of it was kept, so that the right file can be restored to the same place. */
        assert_int_equal(cf_backup_restore(fixture->full, into, &header, NULL), CF_OK);
        cf_temp_dir_remove_path(into);
    }
}

/* Each byte of the checkpoints, which stand at the end. */
static void test_backup__notices_a_damaged_checkpoint_before_it_writes(void **state)
{
    struct fixture *fixture = *state;
    struct cf_backup_header header;
    struct stat info;
    char all[128], into[128];
    snprintf(all, sizeof all, "%s/all", fixture->dir.path);
    snprintf(into, sizeof into, "%s/into", fixture->dir.path);
    assert_int_equal(cf_backup_write(fixture->sample.log, 0, all, &header, NULL), CF_OK);
    assert_int_equal(stat(all, &info), 0);
    int fd = open(all, O_RDWR);
    for (off_t at = info.st_size - 1; at >= info.st_size - 180; at -= 3) {
        uint8_t byte, kept;
        assert_int_equal(pread(fd, &kept, 1, at), 1);
        byte = kept ^ 0x01;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        if (cf_backup_restore(all, into, &header, NULL) != CF_CORRUPT)
            fail_msg("byte %lld of %lld", (long long)at, (long long)info.st_size);
        assert_int_not_equal(access(into, F_OK), 0);
        assert_int_equal(pwrite(fd, &kept, 1, at), 1);
    }
    close(fd);
    assert_int_equal(cf_backup_restore(all, into, &header, NULL), CF_OK);
}

struct sums {
    int accounts;
    int64_t seen, left;
};

static void add(void *context, const struct cf_account *account, int64_t seen_minor,
                int64_t left_minor)
{
    struct sums *sums = context;
    assert_int_equal(account->kind, CF_ACCOUNT_ESCROW);
    sums->accounts++;
    sums->seen += seen_minor;
    sums->left += left_minor;
}

static void test_backup__says_what_is_missing_in_money(void **state)
{
    struct fixture *fixture = *state;
    struct cf_backup_header header;
    assert_int_equal(cf_backup_restore(fixture->full, fixture->restored, &header, NULL), CF_OK);
    struct cf_log *log;
    const struct cf_log_options log_options = {.directory = fixture->restored, .read_only = true};
    assert_int_equal(cf_log_open(&log_options, &log, NULL), CF_OK);
    char path[128];
    snprintf(path, sizeof path, "%s/rebuilt", fixture->dir.path);
    struct cf_state *rebuilt;
    struct cf_state_start start;
    const struct cf_state_options options = {
        .directory = path, .log = log, .evolve = cf_sample_evolve, .step_size = 1 << 20};
    assert_int_equal(cf_state_open(&options, &rebuilt, &start, NULL), CF_OK);
    struct cf_state_view *seen, *left;
    assert_int_equal(cf_state_view_begin(fixture->sample.state, &seen, NULL), CF_OK);
    assert_int_equal(cf_state_view_begin(rebuilt, &left, NULL), CF_OK);
    struct sums sums = {0};
    assert_int_equal(cf_state_gap(seen, left, add, &sums, NULL), CF_OK);
    assert_int_equal(sums.accounts, CF_SAMPLE_STREAMS);
    assert_int_equal(sums.seen, 2707 * 2708 / 2);
    assert_int_equal(sums.left, 900 * 901 / 2);
    sums = (struct sums){0};
    assert_int_equal(cf_state_gap(left, left, add, &sums, NULL), CF_OK);
    assert_int_equal(sums.accounts, 0);
    cf_state_view_end(seen);
    cf_state_view_end(left);
    cf_state_close(rebuilt);
    cf_log_close(log);
}

int main(void)
{
    cf_sodium_init();
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_backup__gives_the_log_back),
        TEST(test_backup__refuses_what_does_not_follow),
        TEST(test_backup__notices_damage),
        TEST(test_backup__notices_a_damaged_checkpoint_before_it_writes),
        TEST(test_backup__says_what_is_missing_in_money),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
