/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a rotation leaves one key in force, the one that the log names, wherever it is interrupted;
 * checkpoints by it verify from then on. A checkpoint that comes back cosigned is kept and published,
 * over restarts too; what is not the log's own never is.
 * Shown: with a writer in a thread, over its link, under both kinds of clock.
 */
#include "eventstore/checkpoint.h"
#include "eventstore/range.h"
#include "eventstore/verify.h"
#include "tests/support/cmocka.h"
#include "tests/support/ledger.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#define TIMEOUT_MS 10000

static struct cf_data_dir_path key_path(const struct cf_test_ledger *ledger, const char *name)
{
    return cf_data_dir_path(&ledger->dir, name);
}

static struct cf_note_signer key_in_force(const struct cf_test_ledger *ledger)
{
    struct cf_note_signer signer;
    assert_int_equal(
        cf_checkpoint_key_read(key_path(ledger, "keys/checkpoint").text, &signer, NULL), CF_OK);
    assert_int_not_equal(access(key_path(ledger, "keys/checkpoint.next").text, F_OK), 0);
    return signer;
}

static uint64_t rotate(struct cf_test_ledger *ledger)
{
    uint64_t sequence = 0;
    struct cf_fault fault = {0};
    if (cf_link_rotate(ledger->link, TIMEOUT_MS, &sequence, &fault) != CF_OK)
        fail_msg("%s (%s)", fault.text, fault.detail);
    return sequence;
}

static void assert_verifies(const struct cf_test_ledger *ledger,
                            const struct cf_note_verifier *first_key)
{
    struct cf_data_dir_path log = cf_data_dir_path(&ledger->dir, "log"),
                            state = cf_data_dir_path(&ledger->dir, "state"),
                            scratch = cf_data_dir_path(&ledger->dir, "scratch");
    const struct cf_verify_options options = {.log_directory = log.text,
                                              .state_directory = state.text,
                                              .scratch_directory = scratch.text,
                                              .thread_count = 1,
                                              .key = first_key};
    struct cf_verify_report report;
    assert_int_equal(cf_verify(&options, NULL, NULL, &report, NULL), CF_OK);
    assert_string_equal(report.finding, "");
    assert_int_equal(report.signed_size, report.size);
    assert_true(report.state_rows > 0);
    cf_temp_dir_remove_path(scratch.text);
}

/* --- Rotation --------------------------------------------------------------------------------- */

static void test_rotation__puts_the_new_key_in_force(void **state)
{
    (void)state;
    static const enum cf_clock clocks[] = {CF_CLOCK_REAL, CF_CLOCK_SIMULATED};
    for (size_t i = 0; i < 2; i++) {
        struct cf_test_ledger ledger;
        cf_test_ledger_open(&ledger, clocks[i]);
        struct cf_note_signer first = key_in_force(&ledger), before = first;
        for (int round = 0; round < 3; round++) {
            uint64_t sequence = rotate(&ledger);
            struct cf_note_signer after = key_in_force(&ledger);
            assert_int_equal(sequence, 2 * round + 2);
            assert_memory_not_equal(&after.verifier, &before.verifier, sizeof after.verifier);
            cf_test_ledger_do(&ledger, CF_ACTOR_OPERATOR, "platform_top_up",
                              "{\"currency\":\"EUR\",\"amount\":100}");
            before = after;
        }
        cf_test_ledger_stop(&ledger);
        assert_verifies(&ledger, &first.verifier);
        cf_test_ledger_start(&ledger);
        rotate(&ledger);
        cf_test_ledger_close(&ledger);
    }
}

static void test_rotation__is_the_writers_own(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    cf_test_ledger_open(&ledger, CF_CLOCK_REAL);
    struct cf_note_signer before = key_in_force(&ledger);
    struct cf_reply reply = cf_test_ledger_send(
        &ledger, CF_ACTOR_OPERATOR, "key_rotate",
        "{\"old_verifier_key\":\"a\",\"new_verifier_key\":\"b\",\"signature\":\"c\"}", NULL);
    assert_int_equal(reply.kind, CF_REPLY_FAILED);
    struct cf_note_signer after = key_in_force(&ledger);
    assert_memory_equal(&after.verifier, &before.verifier, sizeof after.verifier);
    cf_test_ledger_close(&ledger);
}

static void test_rotation__ends_what_was_interrupted(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    struct cf_note_signer stranger;
    cf_test_ledger_open(&ledger, CF_CLOCK_REAL);
    struct cf_note_signer first = key_in_force(&ledger);
    struct cf_data_dir_path path = key_path(&ledger, "keys/checkpoint"),
                            next = key_path(&ledger, "keys/checkpoint.next"),
                            kept = key_path(&ledger, "keys/kept");
    cf_test_ledger_stop(&ledger);

    /* Before the record: the new key is forgotten. */
    assert_int_equal(
        cf_checkpoint_key_create(next.text, first.verifier.name, CF_NOTE_ED25519, &stranger, NULL),
        CF_OK);
    cf_test_ledger_start(&ledger);
    struct cf_note_signer now = key_in_force(&ledger);
    assert_memory_equal(&now, &first, sizeof now);
    cf_test_ledger_stop(&ledger);

    /* Its file was cut short: likewise. */
    int fd = open(next.text, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "PRIVATE+K", 9), 9);
    close(fd);
    cf_test_ledger_start(&ledger);
    now = key_in_force(&ledger);
    assert_memory_equal(&now, &first, sizeof now);

    /* Behind the record: the old file still stands in its place. */
    assert_int_equal(link(path.text, kept.text), 0);
    rotate(&ledger);
    struct cf_note_signer second = key_in_force(&ledger);
    cf_test_ledger_stop(&ledger);
    assert_int_equal(rename(path.text, next.text), 0);
    assert_int_equal(rename(kept.text, path.text), 0);
    cf_test_ledger_start(&ledger);
    now = key_in_force(&ledger);
    assert_memory_equal(&now, &second, sizeof now);
    cf_test_ledger_stop(&ledger);
    assert_verifies(&ledger, &first.verifier);
    cf_test_ledger_start(&ledger);
    cf_test_ledger_close(&ledger);
}

/* --- Cosignatures ----------------------------------------------------------------------------- */

struct notes {
    struct cf_buf bytes;
    struct cf_range_client *range;
    struct cf_note_signer witness;
};

static void notes_open(struct notes *notes, const struct cf_test_ledger *ledger)
{
    const uint8_t seed[CF_SIGN_SEED_SIZE] = {7};
    cf_buf_init(&notes->bytes, CF_CHECKPOINT_SIZE_MAX);
    assert_int_equal(
        cf_note_signer_make("witness.example/w", CF_NOTE_COSIGNATURE, seed, &notes->witness),
        CF_OK);
    assert_int_equal(cf_range_client_open(cf_data_dir_socket(&ledger->dir, "range").text, NULL,
                                          &notes->range, NULL),
                     CF_OK);
}

static void notes_close(struct notes *notes)
{
    cf_range_client_close(notes->range);
    cf_buf_clean_up(&notes->bytes);
}

/* The newest checkpoint, once it is of `size` records. */
static void newest(struct notes *notes, uint64_t size)
{
    struct cf_note note;
    struct cf_checkpoint checkpoint = {.size = 0};
    while (checkpoint.size != size) {
        sched_yield();
        assert_int_equal(cf_range_checkpoint(notes->range, &notes->bytes, NULL), CF_OK);
        assert_int_equal(cf_note_parse(cf_buf_bytes(&notes->bytes), &note, NULL), CF_OK);
        assert_int_equal(cf_checkpoint_parse(note.text, &checkpoint, NULL), CF_OK);
    }
}

static void cosign(struct notes *notes)
{
    struct cf_note note;
    struct cf_buf line;
    cf_buf_init(&line, 1024);
    assert_int_equal(cf_note_parse(cf_buf_bytes(&notes->bytes), &note, NULL), CF_OK);
    assert_int_equal(cf_note_cosign(&notes->witness, note.text, 1700000000, &line), CF_OK);
    assert_int_equal(cf_buf_append(&notes->bytes, cf_buf_bytes(&line)), CF_OK);
    cf_buf_clean_up(&line);
}

static void assert_published(struct notes *notes, const struct cf_buf *expected)
{
    struct cf_buf published;
    cf_buf_init(&published, CF_CHECKPOINT_SIZE_MAX);
    assert_int_equal(cf_range_published(notes->range, &published, NULL), CF_OK);
    assert_true(cf_bytes_equal(cf_buf_bytes(&published), cf_buf_bytes(expected)));
    cf_buf_clean_up(&published);
}

static enum cf_status hand_back(struct cf_test_ledger *ledger, const struct cf_buf *note)
{
    return cf_link_cosigned(ledger->link, cf_buf_bytes(note), TIMEOUT_MS, NULL);
}

static void top_up(struct cf_test_ledger *ledger)
{
    cf_test_ledger_do(ledger, CF_ACTOR_OPERATOR, "platform_top_up",
                      "{\"currency\":\"EUR\",\"amount\":100}");
}

static void test_cosigned__is_published_and_kept(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    struct notes notes, later;
    cf_test_ledger_open(&ledger, CF_CLOCK_REAL);
    notes_open(&notes, &ledger);
    notes_open(&later, &ledger);
    newest(&notes, 1);
    assert_published(&notes, &notes.bytes);
    cosign(&notes);
    assert_int_equal(hand_back(&ledger, &notes.bytes), CF_OK);
    assert_published(&notes, &notes.bytes);
    /* It is the newest too, so that proofs carry it. */
    newest(&later, 1);
    assert_true(cf_bytes_equal(cf_buf_bytes(&later.bytes), cf_buf_bytes(&notes.bytes)));

    /* A newer one waits for its cosignature before the public sees it. */
    top_up(&ledger);
    newest(&later, 2);
    assert_published(&notes, &notes.bytes);
    cosign(&later);
    assert_int_equal(hand_back(&ledger, &later.bytes), CF_OK);
    assert_published(&notes, &later.bytes);

    /* Over a restart without a further record. */
    notes_close(&notes);
    notes_close(&later);
    cf_test_ledger_stop(&ledger);
    cf_test_ledger_start(&ledger);
    struct cf_note note;
    notes_open(&notes, &ledger);
    newest(&notes, 2);
    assert_int_equal(cf_note_parse(cf_buf_bytes(&notes.bytes), &note, NULL), CF_OK);
    assert_int_equal(cf_note_check(&note, &notes.witness.verifier, NULL), CF_OK);
    notes_close(&notes);
    cf_test_ledger_close(&ledger);
}

/* The cosignatures of an older one come when a newer one is signed and not stored yet. */
static void test_cosigned__late_ones_displace_nothing(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    struct notes notes, later;
    cf_test_ledger_open(&ledger, CF_CLOCK_REAL);
    notes_open(&notes, &ledger);
    notes_open(&later, &ledger);
    newest(&notes, 1);
    cosign(&notes);
    top_up(&ledger);
    newest(&later, 2);
    assert_int_equal(hand_back(&ledger, &notes.bytes), CF_OK);
    assert_published(&notes, &notes.bytes);
    cf_test_ledger_stop(&ledger);

    struct cf_data_dir_path path = cf_data_dir_path(&ledger.dir, "log");
    struct cf_log *log;
    struct cf_log_view *view;
    struct cf_bytes stored;
    uint64_t size;
    assert_int_equal(
        cf_log_open(&(struct cf_log_options){.directory = path.text, .read_only = true}, &log,
                    NULL),
        CF_OK);
    assert_int_equal(cf_log_view_begin(log, &view, NULL), CF_OK);
    assert_int_equal(cf_log_view_checkpoint(view, 1, 1, &size, &stored, NULL), CF_OK);
    assert_true(cf_bytes_equal(stored, cf_buf_bytes(&notes.bytes)));
    assert_int_equal(cf_log_view_checkpoint(view, 2, 2, &size, &stored, NULL), CF_OK);
    assert_true(cf_bytes_equal(stored, cf_buf_bytes(&later.bytes)));
    cf_log_view_end(view);
    cf_log_close(log);
    cf_test_ledger_start(&ledger);
    notes_close(&notes);
    notes_close(&later);
    cf_test_ledger_close(&ledger);
}

static void test_cosigned__strange_ones_are_refused(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    struct notes notes;
    struct cf_buf forged;
    cf_test_ledger_open(&ledger, CF_CLOCK_REAL);
    notes_open(&notes, &ledger);
    newest(&notes, 1);
    cf_buf_init(&forged, CF_CHECKPOINT_SIZE_MAX);
    struct cf_note_signer own = key_in_force(&ledger), stranger;
    const uint8_t seed[CF_SIGN_SEED_SIZE] = {8};
    assert_int_equal(cf_note_signer_make(own.verifier.name, CF_NOTE_ED25519, seed, &stranger),
                     CF_OK);
    struct cf_checkpoint checkpoint = {.size = 1};
    snprintf(checkpoint.origin, sizeof checkpoint.origin, "%s", own.verifier.name);

    /* Another root, by the right key; a size that is not there; another key; another log; no note. */
    assert_int_equal(cf_checkpoint_sign(&checkpoint, &own, &forged), CF_OK);
    assert_int_equal(hand_back(&ledger, &forged), CF_DENIED);
    checkpoint.size = 99;
    cf_buf_clear(&forged);
    assert_int_equal(cf_checkpoint_sign(&checkpoint, &own, &forged), CF_OK);
    assert_int_equal(hand_back(&ledger, &forged), CF_DENIED);
    cf_buf_clear(&forged);
    assert_int_equal(cf_checkpoint_sign(&checkpoint, &stranger, &forged), CF_OK);
    assert_int_equal(hand_back(&ledger, &forged), CF_DENIED);
    snprintf(checkpoint.origin, sizeof checkpoint.origin, "elsewhere.example");
    cf_buf_clear(&forged);
    assert_int_equal(cf_checkpoint_sign(&checkpoint, &own, &forged), CF_OK);
    assert_int_equal(hand_back(&ledger, &forged), CF_DENIED);
    cf_buf_clear(&forged);
    assert_int_equal(cf_buf_append_text(&forged, "hello"), CF_OK);
    assert_int_equal(hand_back(&ledger, &forged), CF_DENIED);
    assert_published(&notes, &notes.bytes);
    cf_buf_clean_up(&forged);
    notes_close(&notes);
    cf_test_ledger_close(&ledger);
}

int main(void)
{
    cf_sodium_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rotation__puts_the_new_key_in_force),
        cmocka_unit_test(test_rotation__is_the_writers_own),
        cmocka_unit_test(test_rotation__ends_what_was_interrupted),
        cmocka_unit_test(test_cosigned__is_published_and_kept),
        cmocka_unit_test(test_cosigned__late_ones_displace_nothing),
        cmocka_unit_test(test_cosigned__strange_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
