/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: no word that LMDB reads can be changed without the page check saying so, whatever it is
 * changed to, and what LMDB writes passes. Shown: on a ledger's file with long rows, several levels of
 * branch pages and a list of free pages, bit by bit.
 */
#include "eventstore/lmdb_env.h"
#include "eventstore/lmdb_pages.h"
#include "tests/support/cmocka.h"
#include "tests/support/lmdb_words.h"
#include "tests/support/temp_dir.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROWS 6000
#define STEP ((uint64_t)1 << 20)

struct fixture {
    struct cf_temp_dir dir;
    struct cf_buf file;
    uint64_t commit;
    size_t changed; /* bits that were flipped */
};

static void commit_rows(struct cf_lmdb *env, struct cf_lmdb_table rows, struct cf_lmdb_table names,
                        uint64_t first, uint64_t count)
{
    struct cf_lmdb_txn *txn;
    assert_int_equal(cf_lmdb_reserve(env, count * 200 + 16384, NULL), CF_OK);
    assert_int_equal(cf_lmdb_begin_write(env, &txn, NULL), CF_OK);
    for (uint64_t number = first; number < first + count; number++) {
        uint8_t *row;
        size_t size = number % 500 == 0 ? 5000 : 40 + number % 60;
        assert_int_equal(
            cf_lmdb_append(txn, rows, cf_bytes_from(&number, sizeof number), size, &row, NULL),
            CF_OK);
        memset(row, (int)number, size);
        if (number % 10 != 0)
            continue;
        char name[32];
        snprintf(name, sizeof name, "name %lu", (unsigned long)(number * 7919 % ROWS));
        assert_int_equal(
            cf_lmdb_put(txn, names, cf_bytes_from_text(name), cf_bytes_from(name, 20), NULL),
            CF_OK);
    }
    assert_int_equal(cf_lmdb_commit(&txn, NULL), CF_OK);
}

static void make(const char *directory)
{
    struct cf_lmdb *env;
    struct cf_lmdb_txn *txn;
    struct cf_lmdb_table rows, names;
    const struct cf_lmdb_options options = {
        .directory = directory, .table_count_max = 2, .step_size = STEP};
    assert_int_equal(cf_lmdb_open(&options, &env, NULL), CF_OK);
    assert_int_equal(cf_lmdb_check_pages(env, NULL), CF_OK); /* nothing in it yet */
    assert_int_equal(cf_lmdb_begin_write(env, &txn, NULL), CF_OK);
    assert_int_equal(cf_lmdb_table_open(txn, "rows", true, &rows, NULL), CF_OK);
    assert_int_equal(cf_lmdb_table_open(txn, "names", false, &names, NULL), CF_OK);
    assert_int_equal(cf_lmdb_commit(&txn, NULL), CF_OK);
    for (uint64_t first = 1; first <= ROWS; first += ROWS / 40) {
        commit_rows(env, rows, names, first, ROWS / 40);
        assert_int_equal(cf_lmdb_check_pages(env, NULL), CF_OK);
    }
    cf_lmdb_close(env);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    char path[256];
    struct stat info;
    cf_temp_dir_make(&fixture->dir);
    make(fixture->dir.path);
    snprintf(path, sizeof path, "%s/data.mdb", fixture->dir.path);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &info) == 0);
    cf_buf_init(&fixture->file, (size_t)info.st_size);
    assert_int_equal(cf_buf_reserve(&fixture->file, (size_t)info.st_size), CF_OK);
    assert_int_equal(read(fd, fixture->file.data, (size_t)info.st_size), info.st_size);
    fixture->file.size = (size_t)info.st_size;
    close(fd);
    fixture->commit = cf_lmdb_words_commit(cf_buf_bytes(&fixture->file));
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    cf_buf_clean_up(&fixture->file);
    cf_temp_dir_remove(&fixture->dir);
    free(fixture);
    return 0;
}

static enum cf_status check(const struct fixture *fixture)
{
    return cf_lmdb_pages_check(cf_buf_bytes(&fixture->file), fixture->commit, NULL);
}

static bool is_found(struct fixture *fixture, size_t at, unsigned bit)
{
    fixture->file.data[at] ^= (uint8_t)(1u << bit);
    enum cf_status status = check(fixture);
    fixture->file.data[at] ^= (uint8_t)(1u << bit);
    fixture->changed++;
    return status != CF_OK;
}

/* A bit of each byte, every byte of what says how pages hang together. Rows' keys and values, a long
 * value's size and the names of tables are for whoever wrote them to check. */
static void flip(void *context, enum cf_lmdb_word what, size_t at, size_t size)
{
    struct fixture *fixture = context;
    if (what == CF_LMDB_KEY || what == CF_LMDB_UNREAD_KEY || what == CF_LMDB_VALUE ||
        what == CF_LMDB_FREE_KEY || what == CF_LMDB_LONG_SIZE)
        return;
    for (size_t i = 0; i < size; i++) {
        unsigned bit = (unsigned)(fixture->changed % 8);
        if (!is_found(fixture, at + i, bit))
            fail_msg("kind %d, page %zu, byte %zu of it, %zu of %zu, bit %u", (int)what,
                     (at + i) / CF_LMDB_WORDS_PAGE, (at + i) % CF_LMDB_WORDS_PAGE, i, size, bit);
    }
}

static void test_lmdb_pages__no_word_can_be_changed(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(check(fixture), CF_OK);
    cf_lmdb_words(cf_buf_bytes(&fixture->file), flip, fixture);
    assert_true(fixture->changed > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lmdb_pages__no_word_can_be_changed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
