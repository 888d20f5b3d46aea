/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal as text. Promised: hledger accepts it with --strict, every balance assertion holds and
 * every posting row occurs; beancount accepts it too; the CSV sums to zero, event by event; a balance
 * that is one minor unit off is noticed by both.
 *
 * Shown: random lives (tests/support/world.h) are written until every row occurred, in several
 * currencies, and given to hledger and bean-check. Where these are not installed the tests that need
 * them are skipped, and say so.
 */
#include "core/journal/write.h"
#include "tests/support/cmocka.h"
#include "tests/support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct journal {
    struct cf_journal_writer *writer;
    struct cf_buf buf;
    bool rows[CF_POSTING_ROW_LIMIT];
};

static void write_event(void *context, const struct cf_record *record, const struct cf_event *event)
{
    struct journal *journal = context;
    struct cf_postings postings;
    assert_int_equal(cf_journal_write(journal->writer, record, event, &journal->buf, NULL), CF_OK);
    assert_int_equal(cf_postings(event, &postings, NULL), CF_OK);
    for (size_t i = 0; i < postings.count; i++)
        journal->rows[postings.lines[i].row] = true;
}

static bool has_every_row(const struct journal *journal)
{
    for (int row = 1; row < CF_POSTING_ROW_LIMIT; row++)
        if (!journal->rows[row])
            return false;
    return true;
}

/* Writes lives one after the other, as one log, until every row occurred. */
static void write_lives(struct journal *journal, enum cf_journal_format format)
{
    int64_t now_us = INT64_C(1767225600000000);
    cf_buf_init(&journal->buf, (size_t)1 << 26);
    journal->writer = cf_journal_writer_new(format);
    assert_non_null(journal->writer);
    assert_int_equal(cf_journal_write_begin(journal->writer, &journal->buf), CF_OK);
    for (uint64_t seed = 950; seed <= 1999 && !has_every_row(journal); seed++) {
        struct cf_world world;
        cf_world_init(&world, seed);
        world.history.now_us = now_us; /* one log: time goes on */
        world.history.on_event = write_event;
        world.history.context = journal;
        cf_world_live(&world);
        now_us = world.history.now_us;
        cf_world_clean_up(&world);
    }
    assert_int_equal(cf_journal_write_end(journal->writer, &journal->buf), CF_OK);
    assert_true(has_every_row(journal));
}

static void clean_up(struct journal *journal)
{
    cf_journal_writer_destroy(journal->writer);
    cf_buf_clean_up(&journal->buf);
}

/* -- Other people's programs ----------------------------------------------------------------- */

static bool is_installed(const char *program)
{
    char command[128];
    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", program);
    if (system(command) == 0)
        return true;
    print_message("SKIPPED: %s is not installed, so nobody else has checked the journal\n",
                  program);
    return false;
}

/* Writes the text to a file, runs the command on it, and returns the exit code. */
static int run_on(struct cf_bytes text, const char *suffix, const char *command, bool quiet)
{
    char path[] = "/tmp/coffer_journal_XXXXXX.journal";
    char line[256];
    int suffix_size = (int)strlen(suffix);
    assert_int_equal(suffix_size, 8);
    memcpy(path + sizeof path - 1 - 8, suffix, 8);
    int fd = mkstemps(path, suffix_size);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.data, text.size), text.size);
    close(fd);
    snprintf(line, sizeof line, "%s %s%s", command, path, quiet ? " >/dev/null 2>&1" : "");
    int status = system(line);
    unlink(path);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Makes the last amount of the text smaller, in the last digit that can be. */
static void spoil_last_amount(struct cf_buf *buf)
{
    size_t at = buf->size;
    while (at > 0 && (buf->data[at - 1] < '1' || buf->data[at - 1] > '9'))
        at--;
    assert_true(at > 0);
    buf->data[at - 1]--;
}

static void test_journal__is_accepted_by_hledger(void **state)
{
    (void)state;
    if (!is_installed("hledger"))
        skip();
    struct journal journal = {0};
    write_lives(&journal, CF_JOURNAL_HLEDGER);
    assert_int_equal(
        run_on(cf_buf_bytes(&journal.buf), ".journal", "hledger check --strict -f", false), 0);
    journal.buf.size -= 2; /* the last line's end and the empty one */
    while (journal.buf.data[journal.buf.size - 1] != ';')
        journal.buf.size--;
    spoil_last_amount(&journal.buf);
    assert_int_not_equal(
        run_on(cf_buf_bytes(&journal.buf), ".journal", "hledger check --strict -f", true), 0);
    clean_up(&journal);
}

static void test_journal__is_accepted_by_beancount(void **state)
{
    (void)state;
    if (!is_installed("bean-check"))
        skip();
    struct journal journal = {0};
    write_lives(&journal, CF_JOURNAL_BEANCOUNT);
    assert_int_equal(run_on(cf_buf_bytes(&journal.buf), ".beancnt", "bean-check", false), 0);
    spoil_last_amount(&journal.buf);
    assert_int_not_equal(run_on(cf_buf_bytes(&journal.buf), ".beancnt", "bean-check", true), 0);
    clean_up(&journal);
}

/* -- The CSV -------------------------------------------------------------------------------- */

/* The field of a line, counted from 0, as a number. */
static int64_t number_at(const char *line, int field)
{
    for (; field > 0; field--) {
        line = strchr(line, ',');
        assert_non_null(line);
        line++;
    }
    return strtoll(line, NULL, 10);
}

static void test_journal__sums_to_zero_as_csv(void **state)
{
    (void)state;
    struct journal journal = {0};
    write_lives(&journal, CF_JOURNAL_CSV);
    assert_int_equal(cf_buf_terminate(&journal.buf), CF_OK);
    char *rest = NULL;
    char *line = strtok_r((char *)journal.buf.data, "\n", &rest);
    int64_t sequence = 0;
    int64_t sum = 0;
    size_t lines = 0;
    while ((line = strtok_r(NULL, "\n", &rest)) != NULL) { /* the first line is the head */
        int64_t next = number_at(line, 0);
        assert_true(next == sequence || sum == 0);
        sequence = next;
        sum += number_at(line, 6);
        lines++;
    }
    assert_int_equal(sum, 0);
    assert_true(lines > 1000);
    clean_up(&journal);
}

static void test_journal__knows_its_formats_by_name(void **state)
{
    (void)state;
    enum cf_journal_format format;
    assert_int_equal(cf_journal_format_parse(CF_BYTES_LITERAL("csv"), &format), CF_OK);
    assert_int_equal(format, CF_JOURNAL_CSV);
    assert_int_equal(cf_journal_format_parse(CF_BYTES_LITERAL("ledger"), &format), CF_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journal__sums_to_zero_as_csv),
        cmocka_unit_test(test_journal__knows_its_formats_by_name),
        cmocka_unit_test(test_journal__is_accepted_by_hledger),
        cmocka_unit_test(test_journal__is_accepted_by_beancount),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
