/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a witness cosigns what goes on from what it has seen, answers everything else with the
 * status that the protocol gives it, and never forgets what it signed.
 * Shown: on a growing tree, with each kind of wrong request, over a restart.
 */
#include "core/base/hex.h"
#include "eventstore/witness.h"
#include "tests/support/cmocka.h"
#include "tests/support/sample_log.h"
#include "tests/support/temp_dir.h"

struct fixture {
    struct cf_temp_dir dir;
    char seen[128];
    struct cf_sample_log sample;
    struct cf_note_signer signer;
    struct cf_witness *witness;
    struct cf_witness_reply reply;
};

static void open_witness(struct fixture *fixture)
{
    assert_int_equal(cf_witness_open(fixture->seen, &fixture->signer,
                                     &fixture->sample.signer.verifier, 1, &fixture->witness, NULL),
                     CF_OK);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    const uint8_t seed[CF_SIGN_SEED_SIZE] = {0x20};
    cf_temp_dir_make(&fixture->dir);
    snprintf(fixture->seen, sizeof fixture->seen, "%s/seen", fixture->dir.path);
    cf_sample_log_open(&fixture->sample, fixture->dir.path, NULL);
    assert_int_equal(
        cf_note_signer_make("witness.example/w1", CF_NOTE_COSIGNATURE, seed, &fixture->signer),
        CF_OK);
    open_witness(fixture);
    cf_buf_init(&fixture->reply.body, CF_WITNESS_REPLY_SIZE_MAX);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    cf_buf_clean_up(&fixture->reply.body);
    cf_witness_close(fixture->witness);
    cf_sample_log_close(&fixture->sample);
    cf_temp_dir_remove(&fixture->dir);
    free(fixture);
    return 0;
}

/* Asks for the log's head with the proof from `size_old`; wrong: 1 bends the proof. */
static unsigned ask(struct fixture *fixture, uint64_t size_old, const struct cf_note_signer *signer,
                    int wrong, struct cf_buf *ret_note)
{
    struct cf_log_view *view;
    struct cf_proof proof = {0};
    uint64_t head = cf_log_head(fixture->sample.log);
    struct cf_checkpoint checkpoint = {.size = head};
    snprintf(checkpoint.origin, sizeof checkpoint.origin, "%s", signer->verifier.name);
    cf_frontier_root(cf_log_frontier(fixture->sample.log), &checkpoint.root);
    assert_int_equal(cf_log_view_begin(fixture->sample.log, &view, NULL), CF_OK);
    if (size_old <= head)
        assert_int_equal(
            cf_tree_prove_consistency(cf_log_view_tree(view), size_old, head, &proof, NULL), CF_OK);
    cf_log_view_end(view);
    if (wrong == 1)
        proof.hashes[0].bytes[0] ^= 1;
    if (wrong == 2)
        checkpoint.root.bytes[0] ^= 1;
    if (wrong == 3)
        proof.hashes[proof.count++] = checkpoint.root;
    struct cf_buf request, note;
    cf_buf_init(&request, 65536);
    cf_buf_init(&note, CF_CHECKPOINT_SIZE_MAX);
    assert_int_equal(cf_checkpoint_sign(&checkpoint, signer, &note), CF_OK);
    assert_int_equal(cf_witness_request_append(size_old, &proof, cf_buf_bytes(&note), &request),
                     CF_OK);
    cf_witness_add(fixture->witness, cf_buf_bytes(&request), 1700000000, &fixture->reply);
    if (ret_note != NULL)
        assert_int_equal(cf_buf_append(ret_note, cf_buf_bytes(&note)), CF_OK);
    cf_buf_clean_up(&request);
    cf_buf_clean_up(&note);
    return fixture->reply.status;
}

static void test_witness__cosigns_what_goes_on(void **state)
{
    struct fixture *fixture = *state;
    const struct cf_note_signer *own = &fixture->sample.signer;
    cf_sample_log_append(&fixture->sample, 5);
    assert_int_equal(ask(fixture, 0, own, 0, NULL), 200);
    cf_sample_log_append(&fixture->sample, 8);
    struct cf_buf note;
    cf_buf_init(&note, CF_CHECKPOINT_SIZE_MAX);
    assert_int_equal(ask(fixture, 5, own, 0, &note), 200);

    /* The line makes the note one with a cosignature. */
    struct cf_note parsed;
    uint64_t time_s;
    assert_int_equal(cf_buf_append(&note, cf_buf_bytes(&fixture->reply.body)), CF_OK);
    assert_int_equal(cf_note_parse(cf_buf_bytes(&note), &parsed, NULL), CF_OK);
    assert_int_equal(cf_note_check(&parsed, &own->verifier, NULL), CF_OK);
    assert_int_equal(cf_note_check(&parsed, &fixture->signer.verifier, &time_s), CF_OK);
    assert_int_equal(time_s, 1700000000);

    /* And is what it shows from then on, over a restart too. */
    struct cf_hash hash;
    char path[128];
    cf_sha256(cf_bytes_from_text(own->verifier.name), &hash);
    cf_hex_print(cf_bytes_from(hash.bytes, CF_HASH_SIZE), path);
    snprintf(path + 64, sizeof path - 64, "/checkpoint");
    cf_witness_close(fixture->witness);
    open_witness(fixture);
    cf_witness_get(fixture->witness, cf_bytes_from_text(path), &fixture->reply);
    assert_int_equal(fixture->reply.status, 200);
    assert_true(cf_bytes_equal(cf_buf_bytes(&fixture->reply.body), cf_buf_bytes(&note)));
    assert_int_equal(ask(fixture, 13, own, 0, NULL), 200);
    cf_witness_get(fixture->witness, CF_BYTES_LITERAL("00/checkpoint"), &fixture->reply);
    assert_int_equal(fixture->reply.status, 404);
    cf_buf_clean_up(&note);
}

static void test_witness__refuses_by_the_protocol(void **state)
{
    struct fixture *fixture = *state;
    const struct cf_note_signer *own = &fixture->sample.signer;
    struct cf_note_signer stranger, forger;
    const uint8_t seed[CF_SIGN_SEED_SIZE] = {0x77};
    assert_int_equal(cf_note_signer_make("other.example", CF_NOTE_ED25519, seed, &stranger), CF_OK);
    assert_int_equal(cf_note_signer_make(own->verifier.name, CF_NOTE_ED25519, seed, &forger),
                     CF_OK);
    cf_sample_log_append(&fixture->sample, 6);
    assert_int_equal(ask(fixture, 0, &stranger, 0, NULL), 404);
    assert_int_equal(ask(fixture, 0, &forger, 0, NULL), 403);
    assert_int_equal(ask(fixture, 7, own, 0, NULL), 400);
    assert_int_equal(ask(fixture, 0, own, 3, NULL), 422);
    assert_int_equal(ask(fixture, 3, own, 0, NULL), 409);
    assert_string_equal(fixture->reply.content_type, "text/x.tlog.size");
    assert_true(cf_bytes_equal(cf_buf_bytes(&fixture->reply.body), CF_BYTES_LITERAL("0\n")));
    assert_int_equal(ask(fixture, 0, own, 0, NULL), 200);
    assert_int_equal(ask(fixture, 0, own, 0, NULL), 409);
    assert_true(cf_bytes_equal(cf_buf_bytes(&fixture->reply.body), CF_BYTES_LITERAL("6\n")));
    /* The same size with another root is a fork. */
    assert_int_equal(ask(fixture, 6, own, 2, NULL), 422);
    cf_sample_log_append(&fixture->sample, 3);
    assert_int_equal(ask(fixture, 6, own, 1, NULL), 422);
    assert_int_equal(ask(fixture, 6, own, 2, NULL), 422);
    assert_int_equal(ask(fixture, 6, own, 0, NULL), 200);

    static const char *const malformed[] = {
        "",           "old 0\n",          "old 00\n\nx",  "old x\n\nx",
        "new 0\n\nx", "old 0\nzz\n\nx\n", "old 0\n\nx\n",
    };
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        cf_witness_add(fixture->witness, cf_bytes_from_text(malformed[i]), 1, &fixture->reply);
        assert_int_equal(fixture->reply.status, 400);
    }
}

/* A log that has rotated its key is followed by either. */
static void test_witness__knows_several_keys_of_one_log(void **state)
{
    struct fixture *fixture = *state;
    const struct cf_note_signer *own = &fixture->sample.signer;
    struct cf_note_signer next;
    const uint8_t seed[CF_SIGN_SEED_SIZE] = {0x78};
    assert_int_equal(cf_note_signer_make(own->verifier.name, CF_NOTE_ED25519, seed, &next), CF_OK);
    const struct cf_note_verifier keys[] = {next.verifier, own->verifier};
    cf_witness_close(fixture->witness);
    assert_int_equal(
        cf_witness_open(fixture->seen, &fixture->signer, keys, 2, &fixture->witness, NULL), CF_OK);
    cf_sample_log_append(&fixture->sample, 5);
    assert_int_equal(ask(fixture, 0, own, 0, NULL), 200);
    cf_sample_log_append(&fixture->sample, 5);
    assert_int_equal(ask(fixture, 5, &next, 0, NULL), 200);
}

static void test_witness__says_what_it_has_seen(void **state)
{
    (void)state;
    uint64_t size = 7;
    assert_int_equal(cf_witness_read_seen(CF_BYTES_LITERAL("0\n"), &size), CF_OK);
    assert_int_equal(size, 0);
    assert_int_equal(cf_witness_read_seen(CF_BYTES_LITERAL("1234567\n"), &size), CF_OK);
    assert_int_equal(size, 1234567);
    static const char *const malformed[] = {"",     "\n",     "12",   "012\n",
                                            "1x\n", "1\n2\n", "-1\n", "99999999999999999999\n"};
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        assert_int_equal(cf_witness_read_seen(cf_bytes_from_text(malformed[i]), &size), CF_INVALID);
    assert_int_equal(size, 1234567);
}

int main(void)
{
    cf_sodium_init();
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_witness__cosigns_what_goes_on),
        TEST(test_witness__refuses_by_the_protocol),
        TEST(test_witness__knows_several_keys_of_one_log),
        TEST(test_witness__says_what_it_has_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
