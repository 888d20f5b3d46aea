/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: when the power goes, or the process is killed, at any moment, every acknowledged record is
 * there, none is half there, and tree and checkpoints agree.
 * Shown: a child appends and says after each batch what is acknowledged (head and root). Its disk
 * (tests/support/power_loss.c) takes back what was not synced, at a random write or sync; state/ is
 * dropped whole. What is left must hold everything acknowledged. Killing a process keeps the page
 * cache and so cannot notice a missing sync: two tests make the syncs do nothing (all of them; those of
 * directories, which keep a new file's name), and what was acknowledged must then be missed.
 *
 * `test_eventstore_power_loss long` does ten times as many rounds.
 */
#include "core/base/hex.h"
#include "eventstore/verify.h"
#include "tests/support/cmocka.h"
#include "tests/support/sample_log.h"
#include "tests/support/temp_dir.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define BATCHES 40
#define CUT_STATUS 77

static const char *program;

/* The same cuts in every run (a linear congruential generator; the high bits are the good ones). */
static uint64_t luck;

static long draw(void)
{
    luck = luck * 6364136223846793005u + 1442695040888963407u;
    return (long)(luck >> 33);
}
static int rounds = 20;

/* --- The child -------------------------------------------------------------------------------- */

struct acknowledged {
    uint64_t head;
    struct cf_hash root;
};

static int child(const char *directory, const char *boot_id)
{
    struct cf_sample_log sample;
    cf_sample_log_open(&sample, directory, boot_id);
    for (int batch = 0; batch < BATCHES; batch++) {
        cf_sample_log_append(&sample, 1 + (size_t)(batch * 7 % 60));
        struct acknowledged said = {.head = cf_log_head(sample.log)};
        cf_frontier_root(cf_log_frontier(sample.log), &said.root);
        if (batch % 5 == 0 &&
            cf_checkpoint_sign_head(sample.log, &sample.signer, NULL, NULL) != CF_OK)
            abort();
        if (write(STDOUT_FILENO, &said, sizeof said) != sizeof said)
            abort();
    }
    cf_sample_log_close(&sample);
    return 0;
}

/* --- The parent ------------------------------------------------------------------------------- */

struct run {
    struct cf_temp_dir *dir;
    long cut_at; /* 0: no cutting */
    unsigned long seed;
    const char *deaf; /* to which syncs (power_loss.c); NULL: to none */
    int kill_after;   /* acknowledgements; 0: no killing */
};

static void become_child(const struct run *run, int output)
{
    char at[32], seed[32], log[128];
    dup2(output, STDOUT_FILENO);
    if (run->cut_at > 0) {
        snprintf(at, sizeof at, "%ld", run->cut_at);
        snprintf(seed, sizeof seed, "%lu", run->seed);
        snprintf(log, sizeof log, "%s/log", run->dir->path);
        setenv("CF_POWER_LOSS_AT", at, 1);
        setenv("CF_POWER_LOSS_SEED", seed, 1);
        setenv("CF_POWER_LOSS_DIR", log, 1);
        setenv("LD_PRELOAD", CF_POWER_LOSS_LIBRARY, 1);
        setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
        if (run->deaf != NULL)
            setenv("CF_POWER_LOSS_DEAF", run->deaf, 1);
    }
    execl(program, program, "child", run->dir->path, "same boot", (char *)NULL);
    abort();
}

/* Runs the child to its end; returns what it acknowledged last. */
static struct acknowledged run_child(const struct run *run, int *ret_state)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        become_child(run, ends[1]);
    }
    close(ends[1]);
    struct acknowledged last = {0}, said;
    int count = 0;
    while (read(ends[0], &said, sizeof said) == sizeof said) {
        last = said;
        if (++count == run->kill_after)
            kill(pid, SIGKILL);
    }
    close(ends[0]);
    assert_int_equal(waitpid(pid, ret_state, 0), pid);
    return last;
}

/* Whether the log holds together and holds what was acknowledged. */
static bool holds(struct cf_temp_dir *dir, const struct acknowledged *last, char why[256])
{
    char log[128], scratch[128];
    snprintf(log, sizeof log, "%s/log", dir->path);
    snprintf(scratch, sizeof scratch, "%s/scratch", dir->path);
    snprintf(why, 256, "it does not hold what was acknowledged");
    const struct cf_verify_options options = {.log_directory = log,
                                              .scratch_directory = scratch,
                                              .evolve = cf_sample_evolve,
                                              .thread_count = 1};
    struct cf_verify_report report;
    struct cf_hash root = {{0}};
    assert_int_equal(cf_verify(&options, NULL, NULL, &report, NULL), CF_OK);
    if (access(scratch, F_OK) == 0)
        cf_temp_dir_remove_path(scratch);
    if (last->head == 0)
        return true; /* nothing was promised yet, not even a log */
    if (report.verdict != CF_VERIFY_GOOD) {
        snprintf(why, 256, "%s", report.finding);
        return false;
    }
    if (report.size < last->head)
        return false;
    struct cf_log *opened;
    struct cf_log_view *view;
    const struct cf_log_options log_options = {.directory = log, .read_only = true};
    assert_int_equal(cf_log_open(&log_options, &opened, NULL), CF_OK);
    assert_int_equal(cf_log_view_begin(opened, &view, NULL), CF_OK);
    assert_int_equal(cf_tree_root(cf_log_view_tree(view), last->head, &root, NULL), CF_OK);
    cf_log_view_end(view);
    cf_log_close(opened);
    return cf_hash_equal(&root, &last->root);
}

static void drop_state(struct cf_temp_dir *dir)
{
    char path[128];
    snprintf(path, sizeof path, "%s/state", dir->path);
    if (access(path, F_OK) == 0)
        cf_temp_dir_remove_path(path);
}

static void test_power_loss__takes_nothing_that_was_acknowledged(void **state)
{
    (void)state;
    luck = 20240229;
    int cuts = 0, with_records = 0;
    struct cf_temp_dir dir;
    for (int round = 0; round < rounds; round++) {
        /* One ledger loses power three times, each time where it was left. */
        if (round % 3 == 0)
            cf_temp_dir_make(&dir);
        struct run run = {
            .dir = &dir, .cut_at = 1 + draw() % (BATCHES * 5), .seed = (unsigned long)draw()};
        int ended;
        char why[256];
        struct acknowledged last = run_child(&run, &ended);
        drop_state(&dir);
        bool cut = WIFEXITED(ended) && WEXITSTATUS(ended) == CUT_STATUS;
        if (!cut && ended != 0)
            fail_msg("what the power left behind does not open (wait status %d)", ended);
        cuts += cut;
        with_records += last.head > 0;
        if (!holds(&dir, &last, why))
            fail_msg("cut at %ld with seed %lu after %llu records: %s", run.cut_at, run.seed,
                     (unsigned long long)last.head, why);
        if (round % 3 == 2 || round + 1 == rounds)
            cf_temp_dir_remove(&dir);
    }
    assert_true(cuts > rounds / 3 && with_records > rounds / 2);
}

/* A log that is cut at each step of its making, however much of that the disk has kept. */
static void test_power_loss__while_the_log_is_made_leaves_nothing_in_the_way(void **state)
{
    (void)state;
    struct acknowledged last = {0};
    for (long cut_at = 1; last.head == 0; cut_at++) {
        for (unsigned long seed = 0; seed < 8; seed++) {
            struct cf_temp_dir dir;
            cf_temp_dir_make(&dir);
            struct run run = {.dir = &dir, .cut_at = cut_at, .seed = seed};
            int ended;
            last = run_child(&run, &ended);
            drop_state(&dir);
            run_child(&(struct run){.dir = &dir}, &ended);
            if (ended != 0)
                fail_msg("cut at %ld with seed %lu: it cannot be made any more", cut_at, seed);
            cf_temp_dir_remove(&dir);
        }
    }
}

/* How many of ten power losses are noticed in a program that forgot its syncs. */
static int count_noticed(const char *deaf, unsigned long seed_mask)
{
    luck = 7;
    int noticed = 0;
    for (int round = 0; round < 10; round++) {
        struct cf_temp_dir dir;
        cf_temp_dir_make(&dir);
        struct run run = {.dir = &dir,
                          .cut_at = BATCHES * 2 + draw() % BATCHES,
                          .seed = (unsigned long)draw() & seed_mask,
                          .deaf = deaf};
        int ended;
        char why[256];
        struct acknowledged last = run_child(&run, &ended);
        drop_state(&dir);
        assert_true(last.head > 0);
        noticed += !holds(&dir, &last, why);
        cf_temp_dir_remove(&dir);
    }
    return noticed;
}

static void test_power_loss__is_noticed_where_syncs_are_missing(void **state)
{
    (void)state;
    assert_int_equal(count_noticed("1", ~0ul), 10);
}

static void test_power_loss__is_noticed_where_a_new_log_s_name_is_not_synced(void **state)
{
    (void)state;
    assert_int_equal(count_noticed("names", ~2ul), 10); /* no journal has written the name */
}

static void test_kill__takes_nothing_and_keeps_the_state(void **state)
{
    (void)state;
    luck = 11;
    for (int round = 0; round < rounds / 2; round++) {
        struct cf_temp_dir dir;
        cf_temp_dir_make(&dir);
        struct run run = {.dir = &dir, .kill_after = 1 + (int)(draw() % (BATCHES - 1))};
        int ended;
        char why[256];
        struct acknowledged last = run_child(&run, &ended);
        if (!holds(&dir, &last, why))
            fail_msg("killed after %d: %s", run.kill_after, why);
        struct cf_sample_log sample;
        cf_sample_log_open(&sample, dir.path, "same boot");
        assert_null(sample.start.discarded);
        assert_int_equal(cf_state_sequence(sample.state), cf_log_head(sample.log));
        cf_sample_log_append(&sample, 10);
        cf_sample_log_close(&sample);
        cf_temp_dir_remove(&dir);
    }
}

int main(int argc, char **argv)
{
    cf_sodium_init();
    program = argv[0];
    if (argc == 4 && strcmp(argv[1], "child") == 0)
        return child(argv[2], argv[3]);
    if (argc == 2 && strcmp(argv[1], "long") == 0)
        rounds = 200;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_loss__takes_nothing_that_was_acknowledged),
        cmocka_unit_test(test_power_loss__while_the_log_is_made_leaves_nothing_in_the_way),
        cmocka_unit_test(test_power_loss__is_noticed_where_syncs_are_missing),
        cmocka_unit_test(test_power_loss__is_noticed_where_a_new_log_s_name_is_not_synced),
        cmocka_unit_test(test_kill__takes_nothing_and_keeps_the_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
