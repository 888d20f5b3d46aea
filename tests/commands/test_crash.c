/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: however often the writer is killed, its machine loses power, or a commit of its log fails,
 * under load: senders resend, every command has exactly one effect, and no accepted answer is lost.
 * Shown with a writer in a process of its own that is killed, or whose disk (tests/support/power_loss.c)
 * takes back what was not synced or fails a sync, again and again while 16 senders pledge; then the log
 * is read, pledge by pledge.
 *
 * `test_commands_crash long` does ten times as many pledges.
 */
#include "tests/support/cmocka.h"
#include "tests/support/ledger.h"

#include "core/event/record.h"
#include "eventstore/log.h"

#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>

#define SENDERS 16
#define CUT_STATUS 77   /* the power went */
#define FAILED_STATUS 3 /* the writer gave up; no sanitizer ends a program so */

extern char **environ;

static char *program;
static int pledges_each = 60;

/* -- The writer's process -------------------------------------------------------------------- */

static struct cf_writer *child_writer;

static void *stop_when_asked(void *context)
{
    int signal_number;
    sigwait(context, &signal_number);
    cf_writer_stop(child_writer);
    return NULL;
}

static int child(const char *directory)
{
    struct cf_data_dir dir;
    struct cf_fault fault = {0};
    sigset_t signals;
    pthread_t thread;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    const struct cf_writer_options options = {
        .dir = &dir, .origin = "coffer.local/test", .clock = CF_CLOCK_REAL};
    if (cf_data_dir_open(directory, &dir, &fault) != CF_OK ||
        cf_writer_open(&options, &child_writer, &fault) != CF_OK) {
        fprintf(stderr, "no writer: %s (%s)\n", fault.text, fault.detail);
        return FAILED_STATUS;
    }
    pthread_create(&thread, NULL, stop_when_asked, &signals);
    enum cf_status status = cf_writer_run(child_writer, &fault);
    if (status != CF_OK)
        fprintf(stderr, "the writer ended: %s (%s)\n", fault.text, fault.detail);
    cf_writer_close(child_writer);
    return status == CF_OK ? 0 : FAILED_STATUS;
}

/* What the disk does at write or sync number `at` of the log; never, where that is 0. */
struct trouble {
    unsigned at;
    unsigned seed;
    bool fails; /* an error, not a loss of power */
};

static pid_t start(const struct cf_test_ledger *ledger, struct trouble trouble)
{
    char name[] = "writer";
    char *arguments[] = {program, name, (char *)(uintptr_t)ledger->dir.path, NULL};
    char cut[32], odd[32], log[1100], library[1100],
        fails[] = "CF_POWER_LOSS_FAILS=1", check[] = "ASAN_OPTIONS=verify_asan_link_order=0";
    char *variables[256];
    size_t count = 0;
    pid_t pid;
    while (count < 200 && environ[count] != NULL) {
        variables[count] = environ[count];
        count++;
    }
    if (trouble.at > 0) {
        snprintf(cut, sizeof cut, "CF_POWER_LOSS_AT=%u", trouble.at);
        snprintf(odd, sizeof odd, "CF_POWER_LOSS_SEED=%u", trouble.seed);
        snprintf(log, sizeof log, "CF_POWER_LOSS_DIR=%s/log", ledger->dir.path);
        snprintf(library, sizeof library, "LD_PRELOAD=%s", CF_POWER_LOSS_LIBRARY);
        variables[count++] = cut;
        variables[count++] = odd;
        variables[count++] = log;
        variables[count++] = library;
        variables[count++] = check;
        if (trouble.fails)
            variables[count++] = fails;
    }
    variables[count] = NULL;
    /* Blocked from its first instruction on: a SIGTERM that comes before the child waits for it waits. */
    posix_spawnattr_t attributes;
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &blocked);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int failure = posix_spawn(&pid, program, NULL, &attributes, arguments, variables);
    posix_spawnattr_destroy(&attributes);
    assert_int_equal(failure, 0);
    return pid;
}

/* -- Senders -------------------------------------------------------------------------------- */

struct crash {
    struct cf_test_ledger ledger;
    atomic_int accepted;
    atomic_int finished; /* senders that are done */
    pthread_mutex_t lock;
    pthread_cond_t progress;
    uint64_t *sequences; /* of each pledge's answer; owned */
};

struct sender {
    struct crash *crash;
    int number;
};

static uint64_t pledge_id(int sender, int index)
{
    return 1000 + (uint64_t)(sender * pledges_each + index);
}

static void count_one(struct crash *crash, atomic_int *counter)
{
    pthread_mutex_lock(&crash->lock);
    atomic_fetch_add(counter, 1);
    pthread_cond_signal(&crash->progress);
    pthread_mutex_unlock(&crash->lock);
}

static void *run_sender(void *context)
{
    struct sender *sender = context;
    struct crash *crash = sender->crash;
    for (int i = 0; i < pledges_each; i++) {
        struct cf_command_input input;
        struct cf_reply reply = {.kind = CF_REPLY_FAILED};
        char key[32];
        snprintf(key, sizeof key, "crash %d %d", sender->number, i);
        cf_command_input_init(&input, CF_COMMAND_pledge_start_checkout);
        cf_command_set_id(&input, "pledge_id", cf_test_id(pledge_id(sender->number, i)));
        cf_command_set_id(&input, "campaign_id", cf_test_id(4));
        cf_command_set_id(&input, "backer_id", cf_test_id(2));
        cf_command_set_id(&input, "card_id", cf_test_id(3));
        cf_command_set_signed(&input, "currency", CF_CURRENCY_EUR);
        cf_command_set_signed(&input, "amount", 1000);
        const struct cf_link_command command = {
            .input = &input, .actor = cf_test_id(2), .key = cf_bytes_from_text(key)};
        enum cf_status status = cf_link_send(crash->ledger.link, &command, 100000, &reply, NULL);
        if (status != CF_OK || reply.kind != CF_REPLY_ACCEPTED)
            fprintf(stderr, "pledge %d of sender %d: %s, kind %d %s\n", i, sender->number,
                    cf_status_name(status), reply.kind, reply.text);
        else
            crash->sequences[sender->number * pledges_each + i] = reply.first_sequence;
        count_one(crash, &crash->accepted);
    }
    count_one(crash, &crash->finished);
    return NULL;
}

/* False when all senders are done. */
static bool wait_for(struct crash *crash, int accepted)
{
    pthread_mutex_lock(&crash->lock);
    while (atomic_load(&crash->accepted) < accepted && atomic_load(&crash->finished) < SENDERS)
        pthread_cond_wait(&crash->progress, &crash->lock);
    bool more = atomic_load(&crash->finished) < SENDERS;
    pthread_mutex_unlock(&crash->lock);
    return more;
}

/* -- What the log says ---------------------------------------------------------------------- */

static void check_log(struct crash *crash)
{
    struct cf_log *log;
    struct cf_log_view *view;
    struct cf_log_walk *walk;
    struct cf_log_entry entry;
    int total = SENDERS * pledges_each;
    uint64_t *placed = calloc((size_t)total, sizeof *placed);
    struct cf_data_dir_path path = cf_data_dir_path(&crash->ledger.dir, "log");
    assert_int_equal(
        cf_log_open(&(struct cf_log_options){.directory = path.text, .read_only = true}, &log,
                    NULL),
        CF_OK);
    assert_int_equal(cf_log_view_begin(log, &view, NULL), CF_OK);
    assert_int_equal(cf_log_walk_begin(view, 1, &walk, NULL), CF_OK);
    while (cf_log_walk_next(walk, &entry, NULL) == CF_OK) {
        struct cf_record record;
        assert_int_equal(cf_record_decode(entry.record, &record, NULL), CF_OK);
        if (record.event_number != CF_EVENT_PLEDGE_PLACED)
            continue;
        uint64_t number = 0;
        for (size_t i = 10; i < 16; i++)
            number = number << 8 | record.stream_id.bytes[i];
        assert_in_range(number, 1000, 1000 + total - 1);
        assert_int_equal(placed[number - 1000], 0); /* one effect */
        placed[number - 1000] = record.sequence;
    }
    for (int i = 0; i < total; i++)
        assert_int_equal(placed[i], crash->sequences[i]); /* the one that was answered */
    cf_log_walk_end(walk);
    cf_log_view_end(view);
    cf_log_close(log);
    free(placed);
}

/* -- The tests ------------------------------------------------------------------------------ */

static void open_crash(struct crash *crash)
{
    char path[128];
    cf_temp_dir_make(&crash->ledger.temp);
    snprintf(path, sizeof path, "%s/data", crash->ledger.temp.path);
    assert_int_equal(cf_data_dir_open(path, &crash->ledger.dir, NULL), CF_OK);
    assert_int_equal(cf_link_open(cf_data_dir_socket(&crash->ledger.dir, "writer").text,
                                  &crash->ledger.link, NULL),
                     CF_OK);
    pthread_mutex_init(&crash->lock, NULL);
    pthread_cond_init(&crash->progress, NULL);
    crash->sequences = calloc((size_t)(SENDERS * pledges_each), sizeof *crash->sequences);
    assert_non_null(crash->sequences);
}

static void set_up(struct crash *crash)
{
    char ends_at[CF_TIME_TEXT_SIZE];
    cf_test_in_a_month(ends_at);
    cf_test_ledger_campaign(&crash->ledger, ends_at);
}

static void close_crash(struct crash *crash)
{
    check_log(crash);
    cf_test_ledger_close(&crash->ledger);
    pthread_mutex_destroy(&crash->lock);
    pthread_cond_destroy(&crash->progress);
    free(crash->sequences);
}

static void start_senders(struct crash *crash, struct sender senders[SENDERS],
                          pthread_t threads[SENDERS])
{
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.crash = crash, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, run_sender, &senders[i]), 0);
    }
}

static void test_crash__killed_under_load_nothing_is_lost_or_done_twice(void **state)
{
    (void)state;
    static struct crash crash;
    struct sender senders[SENDERS];
    pthread_t threads[SENDERS];
    open_crash(&crash);
    pid_t writer = start(&crash.ledger, (struct trouble){0});
    set_up(&crash);
    start_senders(&crash, senders, threads);
    int kills = 0;
    for (int next = 50; wait_for(&crash, next); next += 90 + 37 * (kills % 3)) {
        kill(writer, SIGKILL);
        waitpid(writer, NULL, 0);
        writer = start(&crash.ledger, (struct trouble){0});
        kills++;
    }
    for (int i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    print_message("killed %d times\n", kills);
    assert_true(kills >= 2);
    int status;
    kill(writer, SIGTERM);
    assert_int_equal(waitpid(writer, &status, 0), writer);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close_crash(&crash);
}

/* Starts the writer again whenever trouble ended it; ends when it ends for another reason. */
struct outages {
    struct crash *crash;
    bool fails;           /* its disk fails, and does not lose its power */
    int status;           /* that it exits with then */
    pthread_mutex_t lock; /* for the three below */
    pid_t writer;
    int cuts;
    bool over;    /* no more trouble */
    int ended_as; /* the last writer's wait status, once the thread has ended */
};

static void *run_outages(void *context)
{
    struct outages *outages = context;
    struct cf_data_dir_path derived = cf_data_dir_path(&outages->crash->ledger.dir, "state");
    int status = 0;
    do {
        waitpid(outages->writer, &status, 0);
        pthread_mutex_lock(&outages->lock);
        if (WIFEXITED(status) && WEXITSTATUS(status) == outages->status) {
            if (!outages->fails)
                cf_temp_dir_remove_path(derived.text); /* it never waits for the disk */
            outages->cuts++;
            unsigned next = 40 + 13 * (unsigned)(outages->cuts % 7);
            outages->writer =
                start(&outages->crash->ledger, (struct trouble){.at = outages->over ? 0 : next,
                                                                .seed = (unsigned)outages->cuts,
                                                                .fails = outages->fails});
            if (outages->over)
                kill(outages->writer, SIGTERM);
        }
        pthread_mutex_unlock(&outages->lock);
    } while (WIFEXITED(status) && WEXITSTATUS(status) == outages->status);
    outages->ended_as =
        status; /* judged by the test's own thread: here an assertion ends all without a word */
    return NULL;
}

static void pledge_through(struct outages *outages)
{
    struct crash *crash = outages->crash;
    struct sender senders[SENDERS];
    pthread_t threads[SENDERS], thread;
    pthread_mutex_init(&outages->lock, NULL);
    open_crash(crash);
    pid_t writer = start(&crash->ledger, (struct trouble){0});
    set_up(crash);
    kill(writer, SIGTERM);
    waitpid(writer, NULL, 0);
    outages->writer =
        start(&crash->ledger, (struct trouble){.at = 50, .seed = 1, .fails = outages->fails});
    assert_int_equal(pthread_create(&thread, NULL, run_outages, outages), 0);
    start_senders(crash, senders, threads);
    for (int i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_lock(&outages->lock);
    outages->over = true;
    kill(outages->writer, SIGTERM);
    pthread_mutex_unlock(&outages->lock);
    pthread_join(thread, NULL);
    assert_true(WIFEXITED(outages->ended_as) && WEXITSTATUS(outages->ended_as) == 0);
    print_message("in trouble %d times\n", outages->cuts);
    assert_true(outages->cuts >= 2);
    close_crash(crash);
    pthread_mutex_destroy(&outages->lock);
}

static void test_crash__a_power_loss_under_load_likewise(void **state)
{
    (void)state;
    static struct crash crash;
    static struct outages outages = {.crash = &crash, .status = CUT_STATUS};
    pledge_through(&outages);
}

/* Nobody knows what became of such a commit: the writer answers nobody and ends, and says so. */
static void test_crash__a_failed_commit_of_the_log_likewise(void **state)
{
    (void)state;
    static struct crash crash;
    static struct outages outages = {.crash = &crash, .fails = true, .status = FAILED_STATUS};
    pledge_through(&outages);
}

int main(int argc, char **argv)
{
    program = argv[0];
    if (argc == 3 && strcmp(argv[1], "writer") == 0)
        return child(argv[2]);
    if (argc == 2 && strcmp(argv[1], "long") == 0)
        pledges_each *= 10;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crash__killed_under_load_nothing_is_lost_or_done_twice),
        cmocka_unit_test(test_crash__a_power_loss_under_load_likewise),
        cmocka_unit_test(test_crash__a_failed_commit_of_the_log_likewise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
