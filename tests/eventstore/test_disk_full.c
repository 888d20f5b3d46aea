/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: on a full disk an append is refused with a clear sentence, nothing acknowledged is lost, no
 * signal comes, reads and restarts go on, and appends do again once there is space.
 * Shown: on a small file system of its own, an ext4 in a file or else a tmpfs. Where neither can be
 * mounted (no privileges) the test says so and is skipped.
 */
#include "tests/support/cmocka.h"
#include "tests/support/sample_log.h"
#include "tests/support/small_disk.h"
#include "tests/support/temp_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define DISK_MIB 40
#define RESERVE_SIZE ((uint64_t)4 << 20)
#define BALLAST_SIZE ((off_t)12 << 20)

struct fixture {
    struct cf_temp_dir dir;
    char file[96], mount[96], ledger[112], ballast[112], junk[112];
    bool mounted;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    cf_temp_dir_make(&fixture->dir);
    snprintf(fixture->mount, sizeof fixture->mount, "%s/mount", fixture->dir.path);
    snprintf(fixture->ledger, sizeof fixture->ledger, "%s/ledger", fixture->mount);
    snprintf(fixture->ballast, sizeof fixture->ballast, "%s/ballast", fixture->mount);
    snprintf(fixture->junk, sizeof fixture->junk, "%s/junk", fixture->mount);
    assert_int_equal(mkdir(fixture->mount, 0700), 0);
    snprintf(fixture->file, sizeof fixture->file, "%s/disk", fixture->dir.path);
    fixture->mounted = cf_small_disk_mount(fixture->file, fixture->mount, DISK_MIB);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    if (fixture->mounted)
        assert_int_equal(umount(fixture->mount), 0);
    cf_temp_dir_remove(&fixture->dir);
    free(fixture);
    return 0;
}

static void make_ballast(const struct fixture *fixture)
{
    int fd = open(fixture->ballast, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(posix_fallocate(fd, 0, BALLAST_SIZE), 0);
    close(fd);
}

/* Appends until the disk refuses; returns the head then. */
static uint64_t append_until_full(struct cf_sample_log *sample)
{
    for (;;) {
        struct cf_fault fault = {0};
        uint64_t head = cf_log_head(sample->log);
        enum cf_status status = cf_sample_log_try_append(sample, 200, &fault);
        if (status == CF_OK)
            continue;
        assert_int_equal(status, CF_NO_SPACE);
        assert_string_equal(fault.text, "the disk is full");
        assert_false(cf_log_failed(sample->log));
        assert_int_equal(cf_log_head(sample->log), head);
        return head;
    }
}

static void check_whole(struct cf_sample_log *sample, uint64_t head)
{
    struct cf_log_view *view;
    struct cf_frontier frontier = {0};
    assert_int_equal(cf_log_view_begin(sample->log, &view, NULL), CF_OK);
    assert_int_equal(cf_log_view_size(view), head);
    for (uint64_t sequence = 1; sequence <= head; sequence++) {
        struct cf_log_entry entry;
        struct cf_hash leaf;
        assert_int_equal(cf_log_view_entry(view, sequence, &entry, NULL), CF_OK);
        cf_hash_leaf(entry.record, &leaf);
        cf_frontier_add(&frontier, &leaf);
    }
    cf_log_view_end(view);
    struct cf_hash root, expected;
    cf_frontier_root(&frontier, &root);
    cf_frontier_root(cf_log_frontier(sample->log), &expected);
    assert_true(cf_hash_equal(&root, &expected));
}

static void test_disk_full__is_refused_and_gotten_over(void **state)
{
    struct fixture *fixture = *state;
    if (!fixture->mounted) {
        print_message("skipped: no small file system can be mounted here (%s)\n", strerror(errno));
        skip();
    }
    struct cf_sample_log sample;
    make_ballast(fixture);
    cf_sample_log_open_reserved(&sample, fixture->ledger, "same boot", RESERVE_SIZE);
    cf_sample_log_append(&sample, 100);
    uint64_t head = append_until_full(&sample);
    assert_true(head > 1000);
    struct statvfs disk;
    assert_int_equal(statvfs(fixture->mount, &disk), 0);
    assert_true((uint64_t)disk.f_bavail * disk.f_frsize >= RESERVE_SIZE / 2);
    check_whole(&sample, head);

    /* Not even the reserve is left; reads go on, a restart too. */
    assert_true(cf_small_disk_fill(fixture->junk));
    assert_int_equal(append_until_full(&sample), head);
    check_whole(&sample, head);
    cf_sample_log_close(&sample);
    cf_sample_log_open_reserved(&sample, fixture->ledger, "same boot", RESERVE_SIZE);
    check_whole(&sample, head);
    assert_int_equal(cf_state_sequence(sample.state), head);
    assert_int_equal(append_until_full(&sample), head);

    /* Space returns. */
    assert_int_equal(unlink(fixture->junk), 0);
    assert_int_equal(unlink(fixture->ballast), 0);
    cf_sample_log_append(&sample, 100);
    assert_true(append_until_full(&sample) > head + 100);
    check_whole(&sample, cf_log_head(sample.log));
    cf_sample_log_close(&sample);
}

int main(void)
{
    cf_sodium_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_disk_full__is_refused_and_gotten_over, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
