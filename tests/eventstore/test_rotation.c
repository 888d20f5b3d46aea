/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a rotation leaves one key in force, the one that the log names, wherever it is interrupted;
 * checkpoints by it verify from then on.
 * Shown: on a sample ledger, whole and with each half of it done.
 */
#include "eventstore/rotation.h"
#include "eventstore/verify.h"
#include "tests/support/cmocka.h"
#include "tests/support/sample_log.h"
#include "tests/support/temp_dir.h"

#include <fcntl.h>
#include <unistd.h>

struct fixture {
    struct cf_temp_dir dir;
    struct cf_sample_log sample;
    char path[128], next[128], kept[128];
};

/* The ledger's key as a file: the sample's own, whose seed is known. */
static void write_key(const struct fixture *fixture)
{
    struct cf_buf line;
    uint8_t seed[1 + CF_SIGN_SEED_SIZE] = {CF_NOTE_ED25519, 42};
    const uint8_t *id = fixture->sample.signer.verifier.id;
    cf_buf_init(&line, 512);
    assert_int_equal(cf_buf_append_format(&line, "PRIVATE+KEY+%s+%02x%02x%02x%02x+",
                                          fixture->sample.signer.verifier.name, id[0], id[1], id[2],
                                          id[3]),
                     CF_OK);
    assert_int_equal(cf_base64_append(&line, cf_bytes_from(seed, sizeof seed)), CF_OK);
    int fd = open(fixture->path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, line.data, line.size), line.size);
    close(fd);
    cf_buf_clean_up(&line);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    cf_temp_dir_make(&fixture->dir);
    snprintf(fixture->path, sizeof fixture->path, "%s/checkpoint", fixture->dir.path);
    snprintf(fixture->next, sizeof fixture->next, "%s/checkpoint.next", fixture->dir.path);
    snprintf(fixture->kept, sizeof fixture->kept, "%s/kept", fixture->dir.path);
    cf_sample_log_open(&fixture->sample, fixture->dir.path, NULL);
    write_key(fixture);
    cf_sample_log_append(&fixture->sample, 30);
    assert_int_equal(
        cf_checkpoint_sign_head(fixture->sample.log, &fixture->sample.signer, NULL, NULL), CF_OK);
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

static struct cf_note_verifier rotate(struct fixture *fixture)
{
    struct cf_note_verifier key;
    struct cf_fault fault = {0};
    if (cf_rotation_perform(fixture->sample.log, fixture->sample.state, fixture->path,
                            INT64_C(1700000000000000), &key, &fault) != CF_OK)
        fail_msg("%s (%s)", fault.text, fault.detail);
    return key;
}

static void assert_in_force(const struct fixture *fixture, const struct cf_note_verifier *key)
{
    struct cf_note_signer signer;
    assert_int_equal(cf_checkpoint_key_read(fixture->path, &signer, NULL), CF_OK);
    assert_memory_equal(&signer.verifier, key, sizeof *key);
    assert_int_not_equal(access(fixture->next, F_OK), 0);
}

static void test_rotation__puts_the_new_key_in_force(void **state)
{
    struct fixture *fixture = *state;
    for (int round = 0; round < 3; round++) {
        struct cf_note_verifier key = rotate(fixture);
        struct cf_note_signer signer;
        assert_in_force(fixture, &key);
        assert_int_equal(cf_checkpoint_key_read(fixture->path, &signer, NULL), CF_OK);
        cf_sample_log_append(&fixture->sample, 10);
        assert_int_equal(cf_checkpoint_sign_head(fixture->sample.log, &signer, NULL, NULL), CF_OK);
    }
    cf_sample_log_close(&fixture->sample);
    char log[128], scratch[128];
    snprintf(log, sizeof log, "%s/log", fixture->dir.path);
    snprintf(scratch, sizeof scratch, "%s/scratch", fixture->dir.path);
    const struct cf_verify_options options = {.log_directory = log,
                                              .scratch_directory = scratch,
                                              .evolve = cf_sample_evolve,
                                              .thread_count = 1,
                                              .key = &fixture->sample.signer.verifier};
    struct cf_verify_report report;
    assert_int_equal(cf_verify(&options, NULL, NULL, &report, NULL), CF_OK);
    assert_string_equal(report.finding, "");
    assert_int_equal(report.signed_size, report.size);
    assert_int_equal(report.checkpoints, 4);
}

static void test_rotation__ends_what_was_interrupted(void **state)
{
    struct fixture *fixture = *state;
    struct cf_note_signer stranger;

    /* Before the event: the new key is forgotten. */
    assert_int_equal(cf_checkpoint_key_create(fixture->next, "coffer.local/sample", CF_NOTE_ED25519,
                                              &stranger, NULL),
                     CF_OK);
    assert_int_equal(cf_rotation_settle(fixture->sample.log, fixture->path, NULL), CF_OK);
    assert_in_force(fixture, &fixture->sample.signer.verifier);

    /* Its file was cut short: likewise. */
    int fd = open(fixture->next, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "PRIVATE+K", 9), 9);
    close(fd);
    assert_int_equal(cf_rotation_settle(fixture->sample.log, fixture->path, NULL), CF_OK);
    assert_in_force(fixture, &fixture->sample.signer.verifier);

    /* Behind the event: the old file still stands in its place. */
    assert_int_equal(link(fixture->path, fixture->kept), 0);
    struct cf_note_verifier key = rotate(fixture);
    assert_int_equal(rename(fixture->path, fixture->next), 0);
    assert_int_equal(rename(fixture->kept, fixture->path), 0);
    assert_int_equal(cf_rotation_settle(fixture->sample.log, fixture->path, NULL), CF_OK);
    assert_in_force(fixture, &key);
}

int main(void)
{
    cf_sodium_init();
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_rotation__puts_the_new_key_in_force),
        TEST(test_rotation__ends_what_was_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
