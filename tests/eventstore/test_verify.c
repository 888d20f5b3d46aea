/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: whatever is changed in a log — a byte of a record, node or checkpoint, an order, a
 * length, a whole record with its hashes made to fit — verify finds, points at it where that can be
 * known, gives it its own verdict, and outlives it. Shown: by doing each of these to a sample
 * ledger. What has a key (a signed checkpoint) cannot be made to fit; what nobody signed yet is
 * found by replay.
 */
#include "core/wire.h"
#include "eventstore/lmdb_env.h"
#include "eventstore/rotation.h"
#include "eventstore/verify.h"
#include "tests/support/cmocka.h"
#include "tests/support/lmdb_words.h"
#include "tests/support/sample_log.h"
#include "tests/support/temp_dir.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORDS 300
#define SIGNED 280    /* the newest checkpoint */
#define FLIP_EVERY 37 /* bytes; a word is mostly shorter, so of many words one is met */

struct fixture {
    struct cf_temp_dir dir;
    struct cf_sample_log sample;
    struct cf_buf outside; /* the newest checkpoint, kept elsewhere */
    struct cf_buf data;    /* the log's file as it was */
};

static void path_of(const struct fixture *fixture, const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", fixture->dir.path, name);
}

static void read_file(const char *path, struct cf_buf *ret_data)
{
    struct stat info;
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &info) == 0);
    cf_buf_init(ret_data, (size_t)info.st_size);
    assert_int_equal(cf_buf_reserve(ret_data, (size_t)info.st_size), CF_OK);
    assert_int_equal(read(fd, ret_data->data, (size_t)info.st_size), info.st_size);
    ret_data->size = (size_t)info.st_size;
    close(fd);
}

static void write_file(const char *path, struct cf_bytes data)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data.data, data.size), data.size);
    close(fd);
}

/* A batch more, and a checkpoint over it. */
static void append_signed(struct fixture *fixture, size_t count)
{
    cf_sample_log_append(&fixture->sample, count);
    assert_int_equal(cf_checkpoint_sign_head(fixture->sample.log, &fixture->sample.signer,
                                             &fixture->outside, NULL),
                     CF_OK);
}

/* The ledger's file as it is now, which restore() brings back. */
static void keep_data(struct fixture *fixture)
{
    char path[128];
    path_of(fixture, "log/data.mdb", path);
    cf_buf_clean_up(&fixture->data);
    read_file(path, &fixture->data);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    cf_temp_dir_make(&fixture->dir);
    cf_buf_init(&fixture->outside, CF_CHECKPOINT_SIZE_MAX);
    cf_sample_log_open(&fixture->sample, fixture->dir.path, NULL);
    append_signed(fixture, 100);
    append_signed(fixture, 100);
    append_signed(fixture, 80);
    cf_sample_log_append(&fixture->sample, 20);
    cf_sample_log_close(&fixture->sample);
    keep_data(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    cf_buf_clean_up(&fixture->outside);
    cf_buf_clean_up(&fixture->data);
    cf_temp_dir_remove(&fixture->dir);
    free(fixture);
    return 0;
}

static void restore(struct fixture *fixture)
{
    char path[128];
    path_of(fixture, "log/data.mdb", path);
    write_file(path, cf_buf_bytes(&fixture->data));
}

enum how { TREE, REPLAY, COMPARE };

static struct cf_verify_report verify(struct fixture *fixture, enum how how,
                                      struct cf_bytes checkpoint)
{
    char log[128], live[128], scratch[128];
    path_of(fixture, "log", log);
    path_of(fixture, "state", live);
    path_of(fixture, "scratch", scratch);
    const struct cf_verify_options options = {
        .log_directory = log,
        .state_directory = how == COMPARE ? live : NULL,
        .scratch_directory = how == TREE ? NULL : scratch,
        .evolve = cf_sample_evolve,
        .thread_count = 2,
        .checkpoint = checkpoint,
        .key = &fixture->sample.signer.verifier,
    };
    struct cf_verify_report report;
    assert_int_equal(cf_verify(&options, NULL, NULL, &report, NULL), CF_OK);
    if (access(scratch, F_OK) == 0)
        cf_temp_dir_remove_path(scratch);
    return report;
}

/* --- Reaching into the log -------------------------------------------------------------------- */

struct hand {
    struct cf_lmdb *env;
    struct cf_lmdb_txn *txn;
    struct cf_lmdb_table records, checkpoints, meta;
};

static void reach(struct fixture *fixture, struct hand *hand)
{
    char path[128];
    path_of(fixture, "log", path);
    const struct cf_lmdb_options options = {
        .directory = path, .table_count_max = 3, .step_size = 1 << 20};
    assert_int_equal(cf_lmdb_open(&options, &hand->env, NULL), CF_OK);
    assert_int_equal(cf_lmdb_begin_write(hand->env, &hand->txn, NULL), CF_OK);
    assert_int_equal(cf_lmdb_table_open(hand->txn, "records", true, &hand->records, NULL), CF_OK);
    assert_int_equal(cf_lmdb_table_open(hand->txn, "checkpoints", true, &hand->checkpoints, NULL),
                     CF_OK);
    assert_int_equal(cf_lmdb_table_open(hand->txn, "meta", false, &hand->meta, NULL), CF_OK);
}

static void let_go(struct hand *hand)
{
    assert_int_equal(cf_lmdb_commit(&hand->txn, NULL), CF_OK);
    cf_lmdb_close(hand->env);
}

/* A row's copy; its size is returned. */
static size_t row_get(struct hand *hand, struct cf_lmdb_table table, uint64_t number,
                      uint8_t row[CF_RECORD_SIZE_MAX])
{
    struct cf_bytes value;
    assert_int_equal(
        cf_lmdb_get(hand->txn, table, cf_bytes_from(&number, sizeof number), &value, NULL), CF_OK);
    memcpy(row, value.data, value.size);
    return value.size;
}

static void row_put(struct hand *hand, struct cf_lmdb_table table, uint64_t number,
                    const uint8_t *row, size_t size)
{
    assert_int_equal(cf_lmdb_put(hand->txn, table, cf_bytes_from(&number, sizeof number),
                                 cf_bytes_from(row, size), NULL),
                     CF_OK);
}

static void row_delete(struct hand *hand, struct cf_lmdb_table table, uint64_t number)
{
    assert_int_equal(cf_lmdb_delete(hand->txn, table, cf_bytes_from(&number, sizeof number), NULL),
                     CF_OK);
}

/* Makes every node fit the records again, as somebody with the disk but without the key would. */
static void rehash(struct hand *hand, uint64_t size)
{
    struct cf_frontier frontier = {0};
    for (uint64_t sequence = 1; sequence <= size; sequence++) {
        static uint8_t row[CF_RECORD_SIZE_MAX];
        row_get(hand, hand->records, sequence, row);
        size_t length = (size_t)row[0] << 8 | row[1];
        struct cf_hash leaf, nodes[CF_TREE_LEVELS + 1];
        unsigned count = cf_tree_completed_count(frontier.size);
        cf_hash_leaf(cf_bytes_from(row + 2, length), &leaf);
        cf_frontier_append(&frontier, &leaf, nodes);
        memcpy(row + 2 + length, nodes, count * sizeof nodes[0]);
        row_put(hand, hand->records, sequence, row, 2 + length + count * sizeof nodes[0]);
    }
}

/* --- Tests ------------------------------------------------------------------------------------ */

static void test_verify__good_log_is_good_and_says_what_is_unsigned(void **state)
{
    struct fixture *fixture = *state;
    struct cf_verify_report report = verify(fixture, COMPARE, cf_buf_bytes(&fixture->outside));
    assert_string_equal(report.finding, "");
    assert_int_equal(report.verdict, CF_VERIFY_GOOD);
    assert_int_equal(report.size, RECORDS);
    assert_int_equal(report.signed_size, SIGNED);
    assert_int_equal(report.checkpoints, 4);
    assert_true(report.outside && report.replayed);
    assert_true(report.state_rows > RECORDS);
}

static void test_verify__finds_any_flipped_byte(void **state)
{
    struct fixture *fixture = *state;
    static uint8_t row[CF_RECORD_SIZE_MAX];
    static const uint64_t sequences[] = {1, 64, 77, 256, SIGNED, RECORDS};
    for (size_t i = 0; i < sizeof sequences / sizeof sequences[0]; i++) {
        struct hand hand;
        reach(fixture, &hand);
        size_t size = row_get(&hand, hand.records, sequences[i], row);
        let_go(&hand);
        /* Each byte is flipped in one row, a sample in the others. */
        size_t step = sequences[i] == 64 ? 1 : 23;
        for (size_t at = 0; at < size; at += step) {
            reach(fixture, &hand);
            row[at] ^= 0x10;
            row_put(&hand, hand.records, sequences[i], row, size);
            row[at] ^= 0x10;
            let_go(&hand);
            struct cf_verify_report report = verify(fixture, TREE, (struct cf_bytes){0});
            if (report.verdict != CF_VERIFY_TAMPERED || report.sequence != sequences[i])
                fail_msg("record %d byte %d: %d at %d: %s", (int)sequences[i], (int)at,
                         report.verdict, (int)report.sequence, report.finding);
            restore(fixture);
        }
    }
}

static void test_verify__says_what_a_bad_record_is_about(void **state)
{
    struct fixture *fixture = *state;
    static uint8_t row[CF_RECORD_SIZE_MAX];
    struct hand hand;
    reach(fixture, &hand);
    row_get(&hand, hand.records, 50, row);
    size_t length = (size_t)row[0] << 8 | row[1];
    row[2 + length] ^= 1; /* its leaf; the record itself can still be read */
    row_put(&hand, hand.records, 50, row, 2 + length + cf_tree_completed_count(49) * CF_HASH_SIZE);
    let_go(&hand);
    struct cf_verify_report report = verify(fixture, TREE, (struct cf_bytes){0});
    assert_int_equal(report.verdict, CF_VERIFY_TAMPERED);
    assert_int_equal(report.sequence, 50);
    assert_string_equal(report.event, "clock_advanced");
    char stream[CF_ID_TEXT_SIZE];
    cf_id_print(cf_sample_stream(150), stream);
    assert_string_equal(report.stream, stream);
}

static void test_verify__finds_any_flipped_byte_of_a_checkpoint(void **state)
{
    struct fixture *fixture = *state;
    static uint8_t note[CF_RECORD_SIZE_MAX];
    struct hand hand;
    reach(fixture, &hand);
    size_t size = row_get(&hand, hand.checkpoints, 200, note);
    let_go(&hand);
    for (size_t at = 0; at < size; at++) {
        reach(fixture, &hand);
        note[at] ^= 0x01;
        row_put(&hand, hand.checkpoints, 200, note, size);
        note[at] ^= 0x01;
        let_go(&hand);
        struct cf_verify_report report = verify(fixture, TREE, (struct cf_bytes){0});
        if (report.verdict != CF_VERIFY_TAMPERED && report.verdict != CF_VERIFY_UNVERIFIABLE)
            fail_msg("byte %d: %d %s", (int)at, report.verdict, report.finding);
        restore(fixture);
    }
}

static void test_verify__finds_missing_swapped_and_foreign_records(void **state)
{
    struct fixture *fixture = *state;
    static uint8_t row[CF_RECORD_SIZE_MAX], other[CF_RECORD_SIZE_MAX];
    struct hand hand;
    struct cf_verify_report report;

    reach(fixture, &hand);
    row_delete(&hand, hand.records, 123);
    let_go(&hand);
    report = verify(fixture, TREE, (struct cf_bytes){0});
    assert_int_equal(report.verdict, CF_VERIFY_TRUNCATED);
    assert_int_equal(report.sequence, 123);
    restore(fixture);

    /* Two of equal shape change places (both complete one node). */
    reach(fixture, &hand);
    size_t size = row_get(&hand, hand.records, 31, row);
    size_t other_size = row_get(&hand, hand.records, 45, other);
    row_put(&hand, hand.records, 31, other, other_size);
    row_put(&hand, hand.records, 45, row, size);
    let_go(&hand);
    report = verify(fixture, TREE, (struct cf_bytes){0});
    assert_int_equal(report.verdict, CF_VERIFY_TAMPERED);
    assert_true(report.sequence == 31 || report.sequence == 32);
    restore(fixture);

    /* The same, and every hash made to fit: the record itself says where it belongs. */
    reach(fixture, &hand);
    row_put(&hand, hand.records, 31, other, other_size);
    row_put(&hand, hand.records, 45, row, size);
    rehash(&hand, RECORDS);
    let_go(&hand);
    report = verify(fixture, TREE, (struct cf_bytes){0});
    assert_int_equal(report.verdict, CF_VERIFY_TAMPERED);
    assert_int_equal(report.sequence, 31);
    restore(fixture);
}

/* A well-formed other record in place of `sequence`, all hashes made to fit. */
static void splice_in(struct fixture *fixture, uint64_t sequence)
{
    static uint8_t row[CF_RECORD_SIZE_MAX];
    struct hand hand;
    reach(fixture, &hand);
    row_get(&hand, hand.records, sequence, row);
    size_t length = (size_t)row[0] << 8 | row[1];
    struct cf_record record;
    struct cf_fault fault = {0};
    assert_int_equal(cf_record_decode(cf_bytes_from(row + 2, length), &record, &fault), CF_OK);
    record.time_us += 1;
    static uint8_t forged[CF_RECORD_SIZE_MAX + 4096];
    struct cf_wire_writer writer = cf_wire_writer_fixed(forged + 2, CF_RECORD_SIZE_MAX);
    cf_record_encode(&record, &writer);
    assert_int_equal(cf_wire_writer_finish(&writer), CF_OK);
    forged[0] = (uint8_t)(writer.size >> 8);
    forged[1] = (uint8_t)writer.size;
    row_put(&hand, hand.records, sequence, forged,
            2 + writer.size + cf_tree_completed_count(sequence - 1) * CF_HASH_SIZE);
    rehash(&hand, RECORDS);
    let_go(&hand);
}

static void test_verify__finds_a_spliced_record_by_the_signed_root(void **state)
{
    struct fixture *fixture = *state;
    splice_in(fixture, 150);
    struct cf_verify_report report = verify(fixture, TREE, (struct cf_bytes){0});
    assert_int_equal(report.verdict, CF_VERIFY_TAMPERED);
    /* Between the last root that holds and the first that does not. */
    assert_int_equal(report.sequence, 101);
    restore(fixture);

    /* Behind the last checkpoint no root tells, but the live state's own mark does. */
    splice_in(fixture, 295);
    report = verify(fixture, TREE, (struct cf_bytes){0});
    assert_int_equal(report.verdict, CF_VERIFY_GOOD);
    assert_int_equal(report.signed_size, SIGNED);
    report = verify(fixture, COMPARE, (struct cf_bytes){0});
    assert_int_equal(report.verdict, CF_VERIFY_TAMPERED);
}

static void cut_back(struct fixture *fixture, uint64_t size, bool with_checkpoints)
{
    struct hand hand;
    reach(fixture, &hand);
    for (uint64_t sequence = RECORDS; sequence > size; sequence--)
        row_delete(&hand, hand.records, sequence);
    static const uint64_t checkpoints[] = {100, 200, SIGNED};
    for (size_t i = 0; i < 3 && with_checkpoints; i++) {
        if (checkpoints[i] > size)
            row_delete(&hand, hand.checkpoints, checkpoints[i]);
    }
    let_go(&hand);
}

static void test_verify__finds_a_log_that_was_cut_back(void **state)
{
    struct fixture *fixture = *state;
    cut_back(fixture, 250, false);
    struct cf_verify_report report = verify(fixture, TREE, (struct cf_bytes){0});
    assert_int_equal(report.verdict, CF_VERIFY_TRUNCATED);
    assert_int_equal(report.sequence, 251);
    restore(fixture);

    /* With its checkpoints cut off too, only one kept elsewhere can tell. */
    cut_back(fixture, 250, true);
    report = verify(fixture, REPLAY, (struct cf_bytes){0});
    assert_int_equal(report.verdict, CF_VERIFY_GOOD);
    assert_int_equal(report.signed_size, 200);
    assert_false(report.outside);
    report = verify(fixture, REPLAY, cf_buf_bytes(&fixture->outside));
    assert_int_equal(report.verdict, CF_VERIFY_TRUNCATED);
    assert_int_equal(report.sequence, 251);
    /* The live state remembers as well. */
    report = verify(fixture, COMPARE, (struct cf_bytes){0});
    assert_int_equal(report.verdict, CF_VERIFY_TRUNCATED);
    restore(fixture);

    /* A removed checkpoint alone is nothing that a log can know, but the one kept elsewhere holds.
     */
    struct hand hand;
    reach(fixture, &hand);
    row_delete(&hand, hand.checkpoints, SIGNED);
    let_go(&hand);
    report = verify(fixture, TREE, cf_buf_bytes(&fixture->outside));
    assert_int_equal(report.verdict, CF_VERIFY_GOOD);
    assert_int_equal(report.signed_size, SIGNED);
}

static void test_verify__does_not_believe_a_strange_key(void **state)
{
    struct fixture *fixture = *state;
    const uint8_t seed[CF_SIGN_SEED_SIZE] = {9};
    struct cf_note_signer own = fixture->sample.signer, stranger;
    assert_int_equal(cf_note_signer_make("coffer.local/sample", CF_NOTE_ED25519, seed, &stranger),
                     CF_OK);
    fixture->sample.signer = stranger;
    struct cf_verify_report report = verify(fixture, TREE, (struct cf_bytes){0});
    assert_int_equal(report.verdict, CF_VERIFY_UNVERIFIABLE);

    /* A checkpoint by a stranger's key, handed in. */
    fixture->sample.signer = own;
    const struct cf_checkpoint checkpoint = {.origin = "coffer.local/sample", .size = 10};
    struct cf_buf note;
    cf_buf_init(&note, CF_CHECKPOINT_SIZE_MAX);
    assert_int_equal(cf_checkpoint_sign(&checkpoint, &stranger, &note), CF_OK);
    report = verify(fixture, TREE, cf_buf_bytes(&note));
    assert_int_equal(report.verdict, CF_VERIFY_UNVERIFIABLE);
    cf_buf_clean_up(&note);

    /* One by our key that was changed on its way. */
    fixture->outside.data[strlen("coffer.local/sample\n")] ^= 1; /* its size */
    report = verify(fixture, TREE, cf_buf_bytes(&fixture->outside));
    assert_int_equal(report.verdict, CF_VERIFY_UNVERIFIABLE);

    /* Something that is none at all. */
    report = verify(fixture, TREE, CF_BYTES_LITERAL("hello"));
    assert_int_equal(report.verdict, CF_VERIFY_UNVERIFIABLE);
}

/* --- Damaged pages ---------------------------------------------------------------------------- */

#define PAGE CF_LMDB_WORDS_PAGE
#define PAGES_MAX 1024

struct reachable {
    bool pages[PAGES_MAX];
};

static void mark(void *context, enum cf_lmdb_word what, size_t at, size_t size)
{
    struct reachable *reachable = context;
    (void)what;
    assert_true((at + size) / PAGE < PAGES_MAX);
    for (size_t page = at / PAGE; page <= (at + size - (size > 0)) / PAGE; page++)
        reachable->pages[page] = true;
}

static void damage(uint8_t *page, int kind)
{
    if (kind == 0)
        memset(page, 0, PAGE);
    else if (kind == 1)
        memset(page, 0xff, PAGE);
    else
        for (size_t i = 0; i < PAGE; i += 7)
            page[i] ^= (uint8_t)(0x55 + i);
}

/* Every page of the file, damaged in three ways: found if anything hangs on it, and only then. */
static void test_verify__finds_each_damaged_page(void **state)
{
    struct fixture *fixture = *state;
    struct cf_buf *data = &fixture->data;
    struct reachable reachable = {0};
    cf_lmdb_words(cf_buf_bytes(data), mark, &reachable);
    size_t pages = cf_lmdb_words_pages(cf_buf_bytes(data));
    int found = 0;
    for (size_t page = 0; page < pages + 3; page++) {
        for (int kind = 0; kind < 3; kind++) {
            uint8_t kept[PAGE];
            memcpy(kept, data->data + page * PAGE, PAGE);
            damage(data->data + page * PAGE, kind);
            restore(fixture);
            memcpy(data->data + page * PAGE, kept, PAGE);
            struct cf_verify_report report = verify(fixture, TREE, (struct cf_bytes){0});
            bool bad = report.verdict != CF_VERIFY_GOOD;
            found += bad;
            /* Of the other meta page LMDB reads the beginning, so that may be found as well. */
            if (bad != reachable.pages[page] && (reachable.pages[page] || page > 1))
                fail_msg("page %d, damage %d: %s", (int)page, kind,
                         bad ? report.finding : "not found");
        }
    }
    assert_true(found > 60);
    restore(fixture);
}

/* Every word that LMDB or we read, a bit of each, in the whole file. */
struct flips {
    struct fixture *fixture;
    size_t words, done;
};

static void flip(void *context, enum cf_lmdb_word what, size_t at, size_t size)
{
    struct flips *flips = context;
    struct cf_buf *data = &flips->fixture->data;
    if (what == CF_LMDB_UNREAD_KEY || what == CF_LMDB_FREE_KEY)
        return;
    for (size_t i = flips->words++ % FLIP_EVERY; i < size; i += FLIP_EVERY) {
        uint8_t bit = (uint8_t)(1u << flips->done++ % 8);
        data->data[at + i] ^= bit;
        restore(flips->fixture);
        data->data[at + i] ^= bit;
        struct cf_verify_report report = verify(flips->fixture, TREE, (struct cf_bytes){0});
        if (report.verdict == CF_VERIFY_GOOD)
            fail_msg("kind %d, page %zu, byte %zu, bit %u", (int)what, (at + i) / PAGE,
                     (at + i) % PAGE, bit);
    }
}

static void test_verify__finds_a_flipped_bit_wherever_it_matters(void **state)
{
    struct fixture *fixture = *state;
    struct flips flips = {.fixture = fixture};
    cf_lmdb_words(cf_buf_bytes(&fixture->data), flip, &flips);
    assert_true(flips.done > 300);
    restore(fixture);
}

/* The verdict with key `i` of the table's topmost page all bytes `byte`; false: there is no such key. */
static bool verdict_with_key(struct fixture *fixture, const char *table, size_t i, int byte,
                             enum cf_verify_verdict *ret_verdict)
{
    struct cf_buf *data = &fixture->data;
    uint8_t *page = data->data + cf_lmdb_words_root(cf_buf_bytes(data), table), kept[8];
    uint16_t lower, place;
    assert_int_equal(page[10], 1); /* a branch page */
    memcpy(&lower, page + 12, sizeof lower);
    if (i >= (lower - 16u) / 2)
        return false;
    memcpy(&place, page + 16 + 2 * i, sizeof place);
    uint8_t *key = page + place + 8;
    memcpy(kept, key, sizeof kept);
    memset(key, byte, sizeof kept);
    restore(fixture);
    memcpy(key, kept, sizeof kept);
    *ret_verdict = verify(fixture, TREE, (struct cf_bytes){0}).verdict;
    return true;
}

/* The keys above the rows, which a walk from row to row does not look at. The first of a page is no key. */
static void test_verify__finds_a_damaged_key_above_the_rows(void **state)
{
    struct fixture *fixture = *state;
    enum cf_verify_verdict verdict;
    size_t i = 1;
    cf_sample_log_open(&fixture->sample, fixture->dir.path, NULL);
    for (int batch = 0; batch < 40; batch++)
        append_signed(fixture, 1);
    cf_sample_log_close(&fixture->sample);
    keep_data(fixture);
    for (; verdict_with_key(fixture, "records", i, 0, &verdict); i++) {
        assert_int_equal(verdict, CF_VERIFY_TRUNCATED);
        assert_true(verdict_with_key(fixture, "records", i, 0xff, &verdict));
        assert_int_equal(verdict, CF_VERIFY_TRUNCATED);
    }
    assert_true(i > 10);
    for (i = 1; verdict_with_key(fixture, "checkpoints", i, 0, &verdict); i++)
        assert_int_equal(verdict, CF_VERIFY_TRUNCATED);
    assert_true(i > 1);
    restore(fixture);
}

static void test_verify__outlives_a_file_that_is_cut_off(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    path_of(fixture, "log/data.mdb", path);
    write_file(path, cf_bytes_from(fixture->data.data, 8 * PAGE));
    struct cf_verify_report report = verify(fixture, TREE, (struct cf_bytes){0});
    assert_int_equal(report.verdict, CF_VERIFY_TRUNCATED);
    assert_non_null(strstr(report.finding, "the data file is cut short"));
    write_file(path, (struct cf_bytes){0});
    report = verify(fixture, TREE, (struct cf_bytes){0});
    assert_int_equal(report.verdict, CF_VERIFY_TRUNCATED);
    assert_non_null(strstr(report.finding, "the data file is empty"));
    assert_int_equal(unlink(path), 0);
    report = verify(fixture, TREE, (struct cf_bytes){0});
    assert_int_equal(report.verdict, CF_VERIFY_UNREADABLE);
}

/* Appends a rotation to `next` as the next record of the sample ledger, and signs with it. */
static void append_rotation(struct cf_sample_log *sample, const struct cf_note_signer *signer,
                            const struct cf_note_signer *next)
{
    struct cf_rotation rotation = {0};
    assert_int_equal(cf_rotation_make(signer, &next->verifier, &rotation), CF_OK);
    struct cf_event event = {.type = CF_EVENT_KEY_ROTATED};
    event.key_rotated.old_verifier_key = cf_buf_bytes(&rotation.old_key);
    event.key_rotated.new_verifier_key = cf_buf_bytes(&rotation.new_key);
    event.key_rotated.signature = cf_buf_bytes(&rotation.signature);
    cf_sample_log_append_event(sample, &event);
    cf_rotation_clean_up(&rotation);
}

static void test_verify__follows_key_rotations(void **state)
{
    struct fixture *fixture = *state;
    struct cf_sample_log *sample = &fixture->sample;
    struct cf_note_signer own = sample->signer, next, stranger;
    const uint8_t next_seed[CF_SIGN_SEED_SIZE] = {1, 2}, strange_seed[CF_SIGN_SEED_SIZE] = {3, 4};
    assert_int_equal(cf_note_signer_make("coffer.local/sample", CF_NOTE_ED25519, next_seed, &next),
                     CF_OK);
    assert_int_equal(
        cf_note_signer_make("coffer.local/sample", CF_NOTE_ED25519, strange_seed, &stranger),
        CF_OK);

    cf_sample_log_open(sample, fixture->dir.path, NULL);
    append_rotation(sample, &own, &next);
    assert_int_equal(cf_checkpoint_sign_head(sample->log, &next, NULL, NULL), CF_OK);
    cf_sample_log_close(sample);
    struct cf_verify_report report = verify(fixture, REPLAY, (struct cf_bytes){0});
    assert_string_equal(report.finding, "");
    assert_int_equal(report.signed_size, RECORDS + 1);

    /* The old key signs no more. */
    cf_sample_log_open(sample, fixture->dir.path, NULL);
    cf_sample_log_append(sample, 3);
    assert_int_equal(cf_checkpoint_sign_head(sample->log, &own, NULL, NULL), CF_OK);
    cf_sample_log_close(sample);
    report = verify(fixture, TREE, (struct cf_bytes){0});
    assert_int_equal(report.verdict, CF_VERIFY_UNVERIFIABLE);
    restore(fixture);
    char path[128];
    path_of(fixture, "state", path);
    cf_temp_dir_remove_path(path);

    /* A rotation that the key in force did not sign. */
    cf_sample_log_open(sample, fixture->dir.path, NULL);
    append_rotation(sample, &stranger, &next);
    cf_sample_log_close(sample);
    report = verify(fixture, TREE, (struct cf_bytes){0});
    assert_int_equal(report.verdict, CF_VERIFY_TAMPERED);
    assert_int_equal(report.sequence, RECORDS + 1);
}

int main(void)
{
    cf_sodium_init();
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_verify__good_log_is_good_and_says_what_is_unsigned),
        TEST(test_verify__finds_any_flipped_byte),
        TEST(test_verify__says_what_a_bad_record_is_about),
        TEST(test_verify__finds_any_flipped_byte_of_a_checkpoint),
        TEST(test_verify__finds_missing_swapped_and_foreign_records),
        TEST(test_verify__finds_a_spliced_record_by_the_signed_root),
        TEST(test_verify__finds_a_log_that_was_cut_back),
        TEST(test_verify__does_not_believe_a_strange_key),
        TEST(test_verify__finds_each_damaged_page),
        TEST(test_verify__finds_a_damaged_key_above_the_rows),
        TEST(test_verify__finds_a_flipped_bit_wherever_it_matters),
        TEST(test_verify__outlives_a_file_that_is_cut_off),
        TEST(test_verify__follows_key_rotations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
