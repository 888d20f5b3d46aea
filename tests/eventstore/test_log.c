/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: what was appended is read back, in order, over restarts; a batch is all or nothing; the
 * map grows; one writer at a time; a disk reserve refuses before anything is written; roots and
 * checkpoints of the log are those of its records. Shown: on logs in temporary directories with
 * small growth steps.
 */
#include "eventstore/checkpoint.h"
#include "eventstore/log.h"
#include "tests/support/cmocka.h"
#include "tests/support/temp_dir.h"

#include <sys/statvfs.h>

static struct cf_log_genesis genesis = {.origin = "coffer.local/test", .clock = CF_LOG_CLOCK_REAL};

static enum cf_status open_log(const struct cf_temp_dir *dir, struct cf_log **ret_log,
                               struct cf_fault *reterr_fault)
{
    const struct cf_log_options options = {
        .directory = dir->path, .create = &genesis, .step_size = 1 << 20};
    return cf_log_open(&options, ret_log, reterr_fault);
}

/* Record `sequence` has a size and bytes of its own. */
static struct cf_bytes record_of(uint64_t sequence, uint8_t *room)
{
    size_t size = sequence % 50 == 0 ? CF_RECORD_SIZE_MAX : 1 + (size_t)(sequence * 37 % 500);
    for (size_t i = 0; i < size; i++)
        room[i] = (uint8_t)(sequence * 31 + i * 7);
    return cf_bytes_from(room, size);
}

static void append(struct cf_log *log, size_t count)
{
    struct cf_bytes *records = calloc(count, sizeof *records);
    uint8_t **rooms = calloc(count, sizeof *rooms);
    for (size_t i = 0; i < count; i++) {
        rooms[i] = malloc(CF_RECORD_SIZE_MAX);
        records[i] = record_of(cf_log_head(log) + 1 + i, rooms[i]);
    }
    assert_int_equal(cf_log_append(log, records, count, NULL), CF_OK);
    for (size_t i = 0; i < count; i++)
        free(rooms[i]);
    free(rooms);
    free(records);
}

static void check(struct cf_log *log, uint64_t head)
{
    struct cf_log_view *view;
    assert_int_equal(cf_log_view_begin(log, &view, NULL), CF_OK);
    assert_int_equal(cf_log_view_size(view), head);
    struct cf_log_walk *walk;
    assert_int_equal(cf_log_walk_begin(view, 1, &walk, NULL), CF_OK);
    struct cf_frontier frontier = {0};
    static uint8_t room[CF_RECORD_SIZE_MAX];
    for (uint64_t sequence = 1; sequence <= head; sequence++) {
        struct cf_log_entry walked, got;
        assert_int_equal(cf_log_walk_next(walk, &walked, NULL), CF_OK);
        assert_int_equal(walked.sequence, sequence);
        assert_true(cf_bytes_equal(walked.record, record_of(sequence, room)));
        assert_int_equal(cf_log_view_entry(view, sequence, &got, NULL), CF_OK);
        assert_ptr_equal(got.record.data, walked.record.data);
        struct cf_hash leaf, root, stored_root;
        cf_hash_leaf(walked.record, &leaf);
        cf_frontier_add(&frontier, &leaf);
        cf_frontier_root(&frontier, &root);
        assert_int_equal(cf_tree_root(cf_log_view_tree(view), sequence, &stored_root, NULL), CF_OK);
        assert_true(cf_hash_equal(&root, &stored_root));
    }
    struct cf_log_entry past;
    assert_int_equal(cf_log_walk_next(walk, &past, NULL), CF_NOT_FOUND);
    assert_int_equal(cf_log_view_entry(view, head + 1, &past, NULL), CF_NOT_FOUND);
    assert_int_equal(cf_log_view_entry(view, 0, &past, NULL), CF_NOT_FOUND);
    cf_log_walk_end(walk);
    cf_log_view_end(view);
}

static void test_log__keeps_what_was_appended_over_restarts(void **state)
{
    (void)state;
    struct cf_temp_dir dir;
    cf_temp_dir_make(&dir);
    uint64_t head = 0;
    for (int round = 0; round < 4; round++) {
        struct cf_log *log;
        struct cf_fault fault = {0};
        if (open_log(&dir, &log, &fault) != CF_OK)
            fail_msg("%s (%s)", fault.text, fault.detail);
        assert_int_equal(cf_log_head(log), head);
        assert_string_equal(cf_log_genesis(log)->origin, genesis.origin);
        for (size_t count = 1; count <= 64; count *= 4) {
            append(log, count);
            head += count;
        }
        check(log, head);
        cf_log_close(log);
    }
    cf_temp_dir_remove(&dir);
}

static void test_log__grows_while_views_come_and_go(void **state)
{
    (void)state;
    struct cf_temp_dir dir;
    cf_temp_dir_make(&dir);
    struct cf_log *log;
    assert_int_equal(open_log(&dir, &log, NULL), CF_OK);
    for (int batch = 0; batch < 20; batch++) {
        append(log, 200);
        struct cf_buf record;
        cf_buf_init(&record, CF_RECORD_SIZE_MAX);
        static uint8_t room[CF_RECORD_SIZE_MAX];
        assert_int_equal(cf_log_read(log, cf_log_head(log), &record, NULL), CF_OK);
        assert_true(cf_bytes_equal(cf_buf_bytes(&record), record_of(cf_log_head(log), room)));
        cf_buf_clean_up(&record);
    }
    check(log, 4000);
    cf_log_close(log);
    cf_temp_dir_remove(&dir);
}

static void test_log__refuses_a_second_writer(void **state)
{
    (void)state;
    struct cf_temp_dir dir;
    cf_temp_dir_make(&dir);
    struct cf_log *log, *second;
    struct cf_fault fault = {0};
    assert_int_equal(open_log(&dir, &log, NULL), CF_OK);
    assert_int_equal(open_log(&dir, &second, &fault), CF_CONFLICT);
    assert_string_equal(fault.text, "another writer has this log open");
    cf_log_close(log);
    assert_int_equal(open_log(&dir, &log, NULL), CF_OK);
    cf_log_close(log);

    struct cf_temp_dir empty;
    cf_temp_dir_make(&empty);
    const struct cf_log_options options = {.directory = empty.path, .step_size = 1 << 20};
    assert_int_equal(cf_log_open(&options, &log, &fault), CF_NOT_FOUND);
    cf_temp_dir_remove(&empty);
    cf_temp_dir_remove(&dir);
}

static void test_log__refuses_wrong_sizes_whole(void **state)
{
    (void)state;
    struct cf_temp_dir dir;
    cf_temp_dir_make(&dir);
    struct cf_log *log;
    assert_int_equal(open_log(&dir, &log, NULL), CF_OK);
    append(log, 3);
    static uint8_t room[CF_RECORD_SIZE_MAX + 1];
    struct cf_bytes batch[] = {cf_bytes_from(room, 10), cf_bytes_from(room, sizeof room)};
    assert_int_equal(cf_log_append(log, batch, 2, NULL), CF_INVALID);
    batch[1].size = 0;
    assert_int_equal(cf_log_append(log, batch, 2, NULL), CF_INVALID);
    check(log, 3);
    append(log, 3);
    check(log, 6);
    cf_log_close(log);
    cf_temp_dir_remove(&dir);
}

static void test_log__refuses_below_the_disk_reserve_and_recovers(void **state)
{
    (void)state;
    struct cf_temp_dir dir;
    cf_temp_dir_make(&dir);
    struct cf_log *log;
    assert_int_equal(open_log(&dir, &log, NULL), CF_OK);
    append(log, 5);
    cf_log_close(log);

    struct statvfs disk;
    assert_int_equal(statvfs(dir.path, &disk), 0);
    const struct cf_log_options options = {
        .directory = dir.path,
        .step_size = 1 << 20,
        .reserve_size = 2 * (uint64_t)disk.f_blocks * disk.f_frsize,
    };
    struct cf_fault fault = {0};
    assert_int_equal(cf_log_open(&options, &log, NULL), CF_OK);
    struct cf_bytes record = CF_BYTES_LITERAL("x");
    assert_int_equal(cf_log_append(log, &record, 1, &fault), CF_NO_SPACE);
    assert_string_equal(fault.text, "the disk is full");
    assert_false(cf_log_failed(log));
    check(log, 5);
    cf_log_close(log);

    assert_int_equal(open_log(&dir, &log, NULL), CF_OK);
    append(log, 5);
    check(log, 10);
    cf_log_close(log);
    cf_temp_dir_remove(&dir);
}

static void test_log__stores_checkpoints_with_the_next_batch(void **state)
{
    (void)state;
    struct cf_temp_dir dir;
    cf_temp_dir_make(&dir);
    struct cf_note_signer signer;
    uint8_t seed[CF_SIGN_SEED_SIZE] = {1};
    assert_int_equal(cf_note_signer_make(genesis.origin, CF_NOTE_ED25519, seed, &signer), CF_OK);
    memcpy(genesis.key, signer.verifier.key, sizeof genesis.key);
    struct cf_log *log;
    assert_int_equal(open_log(&dir, &log, NULL), CF_OK);
    assert_int_equal(cf_checkpoint_sign_head(log, &signer, NULL, NULL), CF_NOT_FOUND);
    append(log, 7);
    assert_int_equal(cf_checkpoint_sign_head(log, &signer, NULL, NULL), CF_OK);
    append(log, 7); /* stores 7 */
    append(log, 3);
    assert_int_equal(cf_checkpoint_sign_head(log, &signer, NULL, NULL), CF_OK);
    cf_log_close(log); /* stores 17 */

    assert_int_equal(open_log(&dir, &log, NULL), CF_OK);
    assert_memory_equal(cf_log_genesis(log)->key, signer.verifier.key, CF_SIGN_PUBLIC_SIZE);
    struct cf_log_view *view;
    assert_int_equal(cf_log_view_begin(log, &view, NULL), CF_OK);
    static const struct {
        uint64_t min, max, found;
    } rows[] = {{1, 17, 17}, {1, 99, 17}, {1, 16, 7}, {8, 16, 0}, {7, 7, 7}, {1, 6, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t size = 0;
        struct cf_bytes note;
        assert_int_equal(cf_log_view_checkpoint(view, rows[i].min, rows[i].max, &size, &note, NULL),
                         rows[i].found == 0 ? CF_NOT_FOUND : CF_OK);
        assert_int_equal(size, rows[i].found);
        if (size == 0)
            continue;
        struct cf_checkpoint checkpoint;
        struct cf_hash root;
        assert_int_equal(cf_checkpoint_verify(note, genesis.origin, &signer.verifier, 1,
                                              &checkpoint, NULL, NULL),
                         CF_OK);
        assert_int_equal(checkpoint.size, size);
        assert_int_equal(cf_tree_root(cf_log_view_tree(view), size, &root, NULL), CF_OK);
        assert_true(cf_hash_equal(&root, &checkpoint.root));
    }
    cf_log_view_end(view);
    cf_log_close(log);
    cf_temp_dir_remove(&dir);
}

int main(void)
{
    cf_sodium_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log__keeps_what_was_appended_over_restarts),
        cmocka_unit_test(test_log__grows_while_views_come_and_go),
        cmocka_unit_test(test_log__refuses_a_second_writer),
        cmocka_unit_test(test_log__refuses_wrong_sizes_whole),
        cmocka_unit_test(test_log__refuses_below_the_disk_reserve_and_recovers),
        cmocka_unit_test(test_log__stores_checkpoints_with_the_next_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
