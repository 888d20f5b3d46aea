/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a state that was made live equals one that was rebuilt, key for key; it catches up; it
 * is thrown away when it cannot be trusted, and its last copy then saves most of the work; a batch
 * that is not committed leaves no trace; records that do not follow are refused. Shown: on sample
 * ledgers, by taking away and by damaging.
 */
#include "core/aggregate/pledge.h"
#include "eventstore/state_compare.h"
#include "eventstore/state_private.h"
#include "tests/support/cmocka.h"
#include "tests/support/sample_log.h"
#include "tests/support/temp_dir.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP_SIZE (1 << 20) /* of the sample's state */

struct fixture {
    struct cf_temp_dir dir;
    char copy[128]; /* where the state's copy is */
    struct cf_sample_log sample;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    cf_temp_dir_make(&fixture->dir);
    snprintf(fixture->copy, sizeof fixture->copy, "%s/state/copy/data.mdb", fixture->dir.path);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    cf_temp_dir_remove(&fixture->dir);
    free(fixture);
    return 0;
}

static void open_as(struct fixture *fixture, const char *boot_id)
{
    cf_sample_log_open(&fixture->sample, fixture->dir.path, boot_id);
}

/* As after kill -9: no mark of a clean end. */
static void close_unclean(struct fixture *fixture, const char *boot_id)
{
    cf_sample_log_close(&fixture->sample);
    char path[128];
    snprintf(path, sizeof path, "%s/state/mark", fixture->dir.path);
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, boot_id, strlen(boot_id)), strlen(boot_id));
    close(fd);
}

static enum cf_status compare(struct cf_state *live, struct cf_state *rebuilt,
                              struct cf_state_difference *ret_difference)
{
    CF_CLEANUP(cf_scope_cf_state_view_end) struct cf_state_view *view = NULL;
    CF_TRY(cf_state_view_begin(live, &view, NULL));
    return cf_state_compare(view, rebuilt, ret_difference, NULL);
}

static void assert_equals_rebuilt(struct fixture *fixture)
{
    char path[128];
    snprintf(path, sizeof path, "%s/rebuilt", fixture->dir.path);
    const struct cf_state_options options = {.directory = path,
                                             .log = fixture->sample.log,
                                             .evolve = cf_sample_evolve,
                                             .step_size = 1 << 20};
    struct cf_state *rebuilt;
    struct cf_state_start start;
    struct cf_state_difference difference;
    assert_int_equal(cf_state_open(&options, &rebuilt, &start, NULL), CF_OK);
    assert_int_equal(start.replayed, cf_log_head(fixture->sample.log));
    assert_int_equal(compare(fixture->sample.state, rebuilt, &difference), CF_OK);
    if (difference.found)
        fail_msg("live and rebuilt differ in table %s", difference.table);
    assert_true(difference.rows > 0);
    cf_state_close(rebuilt);
    cf_temp_dir_remove_path(path);
}

static void test_state__live_equals_rebuilt(void **state)
{
    struct fixture *fixture = *state;
    open_as(fixture, NULL);
    for (size_t count = 1; count <= 1000; count = count * 3 + 1)
        cf_sample_log_append(&fixture->sample, count);
    assert_equals_rebuilt(fixture);
    cf_sample_log_close(&fixture->sample);
    open_as(fixture, NULL);
    assert_null(fixture->sample.start.discarded);
    assert_int_equal(fixture->sample.start.replayed, 0);
    cf_sample_log_append(&fixture->sample, 100);
    assert_equals_rebuilt(fixture);
    cf_sample_log_close(&fixture->sample);
}

static void test_state__compare_sees_one_changed_row(void **state)
{
    struct fixture *fixture = *state;
    open_as(fixture, NULL);
    cf_sample_log_append(&fixture->sample, 50);
    /* A batch that changes one balance and applies no record. */
    const struct cf_account account = {.kind = CF_ACCOUNT_ESCROW, .owner = cf_sample_stream(1)};
    struct cf_hash root;
    cf_frontier_root(cf_log_frontier(fixture->sample.log), &root);
    assert_int_equal(cf_state_begin(fixture->sample.state, 1, NULL), CF_OK);
    struct cf_book *book = cf_state_book(fixture->sample.state);
    book->ops->balance_set(book, &account, book->ops->balance(book, &account) + 1);
    assert_int_equal(cf_state_commit(fixture->sample.state, &root, NULL), CF_OK);

    char path[128];
    snprintf(path, sizeof path, "%s/rebuilt", fixture->dir.path);
    const struct cf_state_options options = {.directory = path,
                                             .log = fixture->sample.log,
                                             .evolve = cf_sample_evolve,
                                             .step_size = 1 << 20};
    struct cf_state *rebuilt;
    struct cf_state_start start;
    struct cf_state_difference difference;
    assert_int_equal(cf_state_open(&options, &rebuilt, &start, NULL), CF_OK);
    assert_int_equal(compare(fixture->sample.state, rebuilt, &difference), CF_OK);
    assert_true(difference.found);
    assert_string_equal(difference.table, "balances");
    cf_state_close(rebuilt);
    cf_sample_log_close(&fixture->sample);
}

static void test_state__catches_up_with_the_log(void **state)
{
    struct fixture *fixture = *state;
    open_as(fixture, NULL);
    cf_sample_log_append(&fixture->sample, 100);
    cf_sample_log_close(&fixture->sample);
    char command[512];
    snprintf(command, sizeof command, "cp -r %s/state %s/old", fixture->dir.path,
             fixture->dir.path);
    assert_int_equal(system(command), 0);
    open_as(fixture, NULL);
    for (int i = 0; i < 2; i++)
        cf_sample_log_append(&fixture->sample, 3000); /* in all more than one batch of the replay */
    cf_sample_log_close(&fixture->sample);
    snprintf(command, sizeof command, "rm -r %s/state && mv %s/old %s/state", fixture->dir.path,
             fixture->dir.path, fixture->dir.path);
    assert_int_equal(system(command), 0);
    open_as(fixture, NULL);
    assert_null(fixture->sample.start.discarded);
    assert_int_equal(fixture->sample.start.replayed, 6000);
    assert_equals_rebuilt(fixture);
    cf_sample_log_close(&fixture->sample);
}

static void test_state__survives_a_killed_process_but_not_a_stopped_machine(void **state)
{
    struct fixture *fixture = *state;
    open_as(fixture, "boot 1");
    cf_sample_log_append(&fixture->sample, 500);
    close_unclean(fixture, "boot 1");

    open_as(fixture, "boot 1");
    assert_null(fixture->sample.start.discarded);
    close_unclean(fixture, "boot 1");

    open_as(fixture, "boot 2");
    assert_string_equal(fixture->sample.start.discarded, "the machine stopped while it was open");
    assert_int_equal(fixture->sample.start.replayed, 500);
    assert_equals_rebuilt(fixture);
    assert_int_equal(cf_state_copy(fixture->sample.state, NULL), CF_OK);
    cf_sample_log_append(&fixture->sample, 40);
    close_unclean(fixture, "boot 2");

    /* It is not to be looked at; what was copied is. */
    struct cf_state *seen = NULL;
    struct cf_state_view *view = NULL;
    char state_path[128];
    snprintf(state_path, sizeof state_path, "%s/state", fixture->dir.path);
    assert_int_equal(cf_state_open_to_read(state_path, &seen, NULL), CF_DENIED);
    assert_int_equal(cf_state_open_copy_to_read(state_path, &seen, NULL), CF_OK);
    assert_int_equal(cf_state_view_begin(seen, &view, NULL), CF_OK);
    assert_int_equal(cf_state_view_sequence(view), 500);
    cf_state_view_end(view);
    cf_state_close(seen);
    assert_int_equal(cf_state_open_copy_to_read(fixture->dir.path, &seen, NULL), CF_NOT_FOUND);

    /* Now with a copy: only the tail is replayed. The torn pages are never looked at. */
    char path[128];
    snprintf(path, sizeof path, "%s/state/data.mdb", fixture->dir.path);
    int fd = open(path, O_WRONLY);
    uint8_t garbage[65536];
    memset(garbage, 0xee, sizeof garbage);
    assert_int_equal(write(fd, garbage, sizeof garbage), sizeof garbage);
    close(fd);
    open_as(fixture, "boot 3");
    assert_non_null(fixture->sample.start.discarded);
    assert_true(fixture->sample.start.from_copy);
    assert_int_equal(fixture->sample.start.replayed, 40);
    assert_equals_rebuilt(fixture);
    cf_sample_log_close(&fixture->sample);
}

/* Opens, as "boot 1", a state for which a hundred records are worth a copy. */
static void open_copying(struct fixture *fixture)
{
    char path[128];
    open_as(fixture, "boot 1");
    cf_sample_log_append(&fixture->sample, 10);
    cf_sample_log_close(&fixture->sample);
    snprintf(path, sizeof path, "%s/log", fixture->dir.path);
    assert_int_equal(cf_log_open(&(struct cf_log_options){.directory = path, .step_size = 1 << 20},
                                 &fixture->sample.log, NULL),
                     CF_OK);
    snprintf(path, sizeof path, "%s/state", fixture->dir.path);
    const struct cf_state_options options = {.directory = path,
                                             .log = fixture->sample.log,
                                             .evolve = cf_sample_evolve,
                                             .boot_id = "boot 1",
                                             .copy_every = 100,
                                             .step_size = 1 << 20};
    assert_int_equal(cf_state_open(&options, &fixture->sample.state, &fixture->sample.start, NULL),
                     CF_OK);
}

/* After a stop of the machine: whether there was a copy, and what it saved. */
static void assert_copied_at(struct fixture *fixture, uint64_t sequence)
{
    uint64_t head = cf_log_head(fixture->sample.log);
    close_unclean(fixture, "boot 1");
    open_as(fixture, "boot 2");
    assert_int_equal(fixture->sample.start.from_copy, sequence > 0);
    assert_int_equal(fixture->sample.start.replayed, head - sequence);
    assert_equals_rebuilt(fixture);
    cf_sample_log_close(&fixture->sample);
}

static void test_state__copies_itself_when_idle(void **state)
{
    struct fixture *fixture = *state;
    open_copying(fixture);
    cf_sample_log_append(&fixture->sample, 80);
    cf_state_idle(fixture->sample.state); /* too early */
    cf_sample_log_append(&fixture->sample, 200);
    uint64_t quiet = cf_log_head(fixture->sample.log);
    cf_state_idle(fixture->sample.state);
    cf_state_idle(fixture->sample.state);
    cf_state_copy_finish(fixture->sample.state);
    cf_sample_log_append(&fixture->sample, 50);
    assert_copied_at(fixture, quiet);
}

static void test_state__copies_itself_under_load_now_and_then(void **state)
{
    struct fixture *fixture = *state;
    open_copying(fixture);
    for (int i = 0; i < 140; i++)
        cf_sample_log_append(&fixture->sample, 10);
    uint64_t sequence = 0;
    while (sequence == 0) {
        cf_sample_log_append(&fixture->sample, 10);
        cf_state_copy_finish(fixture->sample.state);
        if (access(fixture->copy, F_OK) == 0)
            sequence = cf_log_head(fixture->sample.log);
    }
    assert_in_range(sequence, 1600, 1650);
    assert_copied_at(fixture, sequence);
}

static void test_state__is_made_again_when_it_belongs_elsewhere(void **state)
{
    struct fixture *fixture = *state;
    open_as(fixture, NULL);
    cf_sample_log_append(&fixture->sample, 200);
    cf_sample_log_close(&fixture->sample);
    char command[512];
    /* The log is another, shorter one: the state is ahead of it. */
    snprintf(command, sizeof command, "mv %s/log %s/long && mv %s/state %s/kept", fixture->dir.path,
             fixture->dir.path, fixture->dir.path, fixture->dir.path);
    assert_int_equal(system(command), 0);
    open_as(fixture, NULL);
    cf_sample_log_append(&fixture->sample, 10);
    cf_sample_log_close(&fixture->sample);
    snprintf(command, sizeof command, "rm -r %s/state && cp -r %s/kept %s/state", fixture->dir.path,
             fixture->dir.path, fixture->dir.path);
    assert_int_equal(system(command), 0);
    open_as(fixture, NULL);
    assert_string_equal(fixture->sample.start.discarded, "it is ahead of the log");
    assert_int_equal(fixture->sample.start.replayed, 10);
    assert_equals_rebuilt(fixture);

    /* As long as the state, but with other records (other batches begin other commands). */
    for (int i = 0; i < 190; i++)
        cf_sample_log_append(&fixture->sample, 1);
    cf_sample_log_close(&fixture->sample);
    assert_int_equal(system(command), 0);
    open_as(fixture, NULL);
    assert_string_equal(fixture->sample.start.discarded, "it belongs to another log");
    assert_equals_rebuilt(fixture);
    cf_sample_log_close(&fixture->sample);
}

/* What the state says of itself, as another version of the program would say it. */
static void change_layout(const char *directory)
{
    struct cf_tables store = {0};
    struct cf_state_applied applied;
    struct cf_bytes value;
    const struct cf_lmdb_options options = {
        .directory = directory, .derived = true, .table_count_max = CF_STATE_TABLE_COUNT};
    assert_int_equal(cf_tables_open(&store, &options, NULL), CF_OK);
    assert_int_equal(cf_tables_begin(&store, 1, NULL), CF_OK);
    assert_true(cf_tables_get(&store, CF_STATE_meta, CF_BYTES_LITERAL("applied"), &value));
    assert_int_equal(value.size, sizeof applied);
    memcpy(&applied, value.data, sizeof applied);
    applied.book_layout_version++;
    cf_tables_put(&store, CF_STATE_meta, CF_BYTES_LITERAL("applied"),
                  cf_bytes_from((const uint8_t *)&applied, sizeof applied));
    assert_int_equal(cf_tables_commit(&store, NULL), CF_OK);
    cf_tables_close(&store);
}

static void test_state__of_another_layout_is_made_again_and_not_read(void **state)
{
    struct fixture *fixture = *state;
    char path[160];
    struct cf_state *seen = NULL;
    struct cf_fault fault = {0};
    open_as(fixture, NULL);
    cf_sample_log_append(&fixture->sample, 50);
    cf_sample_log_close(&fixture->sample);
    snprintf(path, sizeof path, "%s/state", fixture->dir.path);
    change_layout(path);
    assert_int_equal(cf_state_open_to_read(path, &seen, &fault), CF_UNSUPPORTED);
    assert_string_equal(fault.text, "its layout has another version");
    open_as(fixture, NULL);
    assert_string_equal(fixture->sample.start.discarded, "its layout has another version");
    assert_equals_rebuilt(fixture);
    cf_sample_log_close(&fixture->sample);
    assert_int_equal(cf_state_open_to_read(path, &seen, &fault), CF_OK);
    cf_state_close(seen);
}

/* A state with other tables in the place of ours. */
static void make_older(const char *directory)
{
    char path[160];
    struct cf_lmdb *env;
    struct cf_lmdb_txn *txn;
    struct cf_lmdb_table rows;
    const struct cf_lmdb_options options = {
        .directory = directory, .derived = true, .table_count_max = 1};
    snprintf(path, sizeof path, "%s/data.mdb", directory);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(cf_lmdb_open(&options, &env, NULL), CF_OK);
    assert_int_equal(cf_lmdb_begin_write(env, &txn, NULL), CF_OK);
    assert_int_equal(cf_lmdb_table_open(txn, "rows", false, &rows, NULL), CF_OK);
    assert_int_equal(cf_lmdb_commit(&txn, NULL), CF_OK);
    cf_lmdb_close(env);
}

static void test_state__with_other_tables_is_of_another_layout(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    struct cf_state *seen = NULL;
    struct cf_fault fault = {0};
    open_as(fixture, NULL);
    cf_sample_log_append(&fixture->sample, 50);
    cf_sample_log_close(&fixture->sample);
    snprintf(path, sizeof path, "%s/state", fixture->dir.path);
    make_older(path);
    assert_int_equal(cf_state_open_to_read(path, &seen, &fault), CF_UNSUPPORTED);
    assert_string_equal(fault.text, "its layout has another version");
    open_as(fixture, NULL);
    assert_equals_rebuilt(fixture);
    cf_sample_log_close(&fixture->sample);
}

/* The tables of new rows take them as the last ones where they are, and anywhere else where not. */
static void test_state__keeps_rows_that_come_in_any_order(void **state)
{
    enum { COUNT = 5000, STEP = 1237 }; /* without a common factor */
    struct fixture *fixture = *state;
    char path[128];
    struct cf_tables store = {0};
    snprintf(path, sizeof path, "%s/tables", fixture->dir.path);
    const struct cf_lmdb_options options = {
        .directory = path, .derived = true, .table_count_max = CF_STATE_TABLE_COUNT};
    assert_int_equal(cf_tables_open(&store, &options, NULL), CF_OK);
    assert_int_equal(cf_tables_begin(&store, 2 * COUNT, NULL), CF_OK);
    for (uint64_t i = 0; i < 2 * COUNT; i++) {
        uint64_t number = i < COUNT ? i : COUNT + i * STEP % COUNT;
        struct cf_tables_key key = {0};
        cf_tables_key_add_number(&key, number, 8);
        cf_tables_put(&store, CF_STATE_streams, cf_tables_key_bytes(&key),
                      cf_bytes_from(&number, sizeof number));
    }
    assert_int_equal(cf_tables_commit(&store, NULL), CF_OK);
    assert_int_equal(cf_tables_begin(&store, 1, NULL), CF_OK);
    for (uint64_t number = 0; number < 2 * COUNT; number++) {
        struct cf_tables_key key = {0};
        struct cf_bytes value;
        cf_tables_key_add_number(&key, number, 8);
        assert_true(cf_tables_get(&store, CF_STATE_streams, cf_tables_key_bytes(&key), &value));
        assert_int_equal(value.size, sizeof number);
        assert_memory_equal(value.data, &number, sizeof number);
    }
    cf_tables_close(&store);
}

static void test_state__aborted_batch_leaves_nothing(void **state)
{
    struct fixture *fixture = *state;
    open_as(fixture, NULL);
    cf_sample_log_append(&fixture->sample, 20);
    assert_int_equal(cf_state_begin(fixture->sample.state, 1, NULL), CF_OK);
    struct cf_book *book = cf_state_book(fixture->sample.state);
    struct cf_id stream = cf_sample_stream(3), stranger = {.bytes = {9}};
    struct cf_pledge *pledge = cf_book_make(book, CF_ROW_PLEDGE, &stream);
    int64_t before = pledge->amount_minor;
    pledge->amount_minor = -1;
    assert_null(cf_book_find(book, CF_ROW_PLEDGE, &stranger));
    assert_non_null(cf_book_make(book, CF_ROW_PLEDGE, &stranger));
    assert_int_equal(cf_state_prepare(fixture->sample.state, NULL), CF_OK);
    cf_state_abort(fixture->sample.state);

    assert_int_equal(cf_state_begin(fixture->sample.state, 1, NULL), CF_OK);
    const struct cf_pledge *again = cf_book_find(book, CF_ROW_PLEDGE, &stream);
    assert_int_equal(again->amount_minor, before);
    assert_null(cf_book_find(book, CF_ROW_PLEDGE, &stranger));
    cf_state_abort(fixture->sample.state);
    assert_equals_rebuilt(fixture);
    cf_sample_log_close(&fixture->sample);
}

static void test_state__answers_from_the_open_batch(void **state)
{
    struct fixture *fixture = *state;
    open_as(fixture, NULL);
    cf_sample_log_append(&fixture->sample, 10);
    struct cf_state *live = fixture->sample.state;
    assert_int_equal(cf_state_begin(live, 1, NULL), CF_OK);

    struct cf_id actor = cf_sample_subject(4);
    assert_int_equal(cf_state_accepted(live, &actor, CF_BYTES_LITERAL("key-4")), 4);
    assert_int_equal(cf_state_accepted(live, &actor, CF_BYTES_LITERAL("key-5")), 0);
    struct cf_id stream = cf_sample_stream(3), none = {0};
    assert_int_equal(cf_state_stream_version(live, &stream), 2); /* records 1 and 8 */
    assert_int_equal(cf_state_stream_version(live, &none), 0);

    struct cf_book *book = cf_state_book(live);
    struct cf_id ids[8];
    size_t count = book->ops->pledges(book, &stream, &none, ids, 8);
    assert_int_equal(count, 2); /* records 1 and 8 */
    assert_int_equal(book->ops->pledges(book, &stream, &ids[0], ids, 8), 1);

    struct cf_state_timer timers[16];
    count = cf_state_timers(live, INT64_MAX, timers, 16);
    assert_true(count > 2);
    for (size_t i = 1; i < count; i++)
        assert_true(timers[i - 1].due_us <= timers[i].due_us);
    assert_int_equal(book->ops->timer(book, &timers[0].subject, timers[0].timer), timers[0].due_us);
    book->ops->timer_set(book, &timers[0].subject, timers[0].timer, 0);
    assert_int_equal(cf_state_timers(live, INT64_MAX, timers, 16), count - 1);
    assert_int_equal(cf_state_timers(live, timers[1].due_us, timers, 16), 2);
    assert_true(cf_state_requests_any(live));
    cf_state_abort(live);
    cf_sample_log_close(&fixture->sample);
}

static void test_state__refuses_what_does_not_follow(void **state)
{
    struct fixture *fixture = *state;
    open_as(fixture, NULL);
    cf_sample_log_append(&fixture->sample, 12);
    struct cf_state *live = fixture->sample.state;
    const struct cf_event event = {.type = CF_EVENT_CLOCK_ADVANCED};
    struct cf_record good = {
        .sequence = 13,
        .stream_id = cf_sample_stream(50),
        .actor_id = cf_sample_subject(0),
        .idempotency_key = CF_BYTES_LITERAL("new"),
        .subject_count = 1,
        .command = 3,
    };
    good.subjects[0].id = cf_sample_subject(2);
    assert_int_equal(cf_state_begin(live, 1, NULL), CF_OK);
    good.stream_version = cf_state_stream_version(live, &good.stream_id) + 1;
    good.subjects[0].previous = cf_state_subject_newest(live, &good.subjects[0].id, NULL);
    cf_state_abort(live);
    for (int kind = 0; kind < 6; kind++) {
        struct cf_record record = good;
        struct cf_fault fault = {0};
        if (kind == 1)
            record.sequence++;
        if (kind == 2)
            record.stream_version++;
        if (kind == 3)
            record.subjects[0].previous--;
        if (kind == 4)
            record.subjects[0].previous = 0;
        if (kind == 5)
            record.command = 0;
        assert_int_equal(cf_state_begin(live, 1, NULL), CF_OK);
        assert_int_equal(cf_state_apply(live, &record, &event, &fault),
                         kind == 0 ? CF_OK : CF_CORRUPT);
        cf_state_abort(live);
    }
    cf_sample_log_close(&fixture->sample);
}

/* A copy of a large state reads for seconds. Were the writer to wait for it, this would never end. */
static void test_state__grows_beside_a_long_read(void **state)
{
    struct fixture *fixture = *state;
    open_as(fixture, NULL);
    cf_sample_log_append(&fixture->sample, 100);
    CF_CLEANUP(cf_scope_cf_state_view_end) struct cf_state_view *view = NULL;
    assert_int_equal(cf_state_view_begin(fixture->sample.state, &view, NULL), CF_OK);
    char path[128];
    snprintf(path, sizeof path, "%s/state/data.mdb", fixture->dir.path);
    struct stat before, after;
    assert_int_equal(stat(path, &before), 0);
    alarm(60);
    do {
        cf_sample_log_append(&fixture->sample, 500);
        assert_int_equal(stat(path, &after), 0);
    } while (after.st_blocks < before.st_blocks + 8 * (STEP_SIZE / 512));
    alarm(0);
    assert_int_equal(cf_state_view_sequence(view), 100);
    cf_state_view_end(CF_TAKE(view));
    assert_equals_rebuilt(fixture);
    cf_sample_log_close(&fixture->sample);
}

int main(void)
{
    cf_sodium_init();
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_state__live_equals_rebuilt),
        TEST(test_state__compare_sees_one_changed_row),
        TEST(test_state__catches_up_with_the_log),
        TEST(test_state__survives_a_killed_process_but_not_a_stopped_machine),
        TEST(test_state__copies_itself_when_idle),
        TEST(test_state__copies_itself_under_load_now_and_then),
        TEST(test_state__is_made_again_when_it_belongs_elsewhere),
        TEST(test_state__of_another_layout_is_made_again_and_not_read),
        TEST(test_state__with_other_tables_is_of_another_layout),
        TEST(test_state__keeps_rows_that_come_in_any_order),
        TEST(test_state__aborted_batch_leaves_nothing),
        TEST(test_state__answers_from_the_open_batch),
        TEST(test_state__refuses_what_does_not_follow),
        TEST(test_state__grows_beside_a_long_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
