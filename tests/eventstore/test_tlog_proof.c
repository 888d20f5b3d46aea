/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a proof file has the form of C2SP's tlog-proof, reads back as it was written, and a
 * malformed one is refused at its first wrong line. Shown: against the text written out by hand, by
 * a round trip, and by every cut.
 */
#include "eventstore/tlog_proof.h"
#include "tests/support/cmocka.h"

static const char note[] = "ledger.example/log\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n"
                           "\xe2\x80\x94 ledger.example/log Ehulh7ib\n";

static struct cf_proof sample(void)
{
    struct cf_proof proof = {.count = 2};
    memset(proof.hashes[0].bytes, 0x00, CF_HASH_SIZE);
    memset(proof.hashes[1].bytes, 0xff, CF_HASH_SIZE);
    return proof;
}

static void make(struct cf_buf *buf)
{
    struct cf_proof proof = sample();
    cf_buf_init(buf, CF_TLOG_PROOF_SIZE_MAX);
    assert_int_equal(cf_tlog_proof_append(5, &proof, cf_bytes_from_text(note), buf), CF_OK);
}

static void test_tlog_proof__has_the_form_of_the_specification(void **state)
{
    (void)state;
    struct cf_buf buf;
    make(&buf);
    static const char head[] = "c2sp.org/tlog-proof@v1\nindex 5\n"
                               "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
                               "//////////////////////////////////////////8=\n\n";
    assert_int_equal(buf.size, sizeof head - 1 + sizeof note - 1);
    assert_memory_equal(buf.data, head, sizeof head - 1);
    cf_buf_clean_up(&buf);
}

static void test_tlog_proof__reads_back_as_written(void **state)
{
    (void)state;
    struct cf_buf buf;
    make(&buf);
    uint64_t index = 0;
    struct cf_proof proof;
    struct cf_proof expected = sample();
    struct cf_bytes found;
    assert_int_equal(cf_tlog_proof_parse(cf_buf_bytes(&buf), &index, &proof, &found, NULL), CF_OK);
    assert_int_equal(index, 5);
    assert_int_equal(proof.count, 2);
    assert_memory_equal(proof.hashes, expected.hashes, sizeof(struct cf_hash) * 2);
    assert_true(cf_bytes_equal(found, cf_bytes_from_text(note)));
    cf_buf_clean_up(&buf);
}

static void test_tlog_proof__refuses_what_is_cut_or_malformed(void **state)
{
    (void)state;
    struct cf_buf buf;
    make(&buf);
    uint64_t index;
    struct cf_proof proof;
    struct cf_bytes found;
    size_t head_size = buf.size - (sizeof note - 1);
    for (size_t size = 0; size < head_size; size++)
        assert_int_equal(
            cf_tlog_proof_parse(cf_bytes_from(buf.data, size), &index, &proof, &found, NULL),
            CF_INVALID);
    cf_buf_clean_up(&buf);
    static const char *const bad[] = {
        "c2sp.org/tlog-proof@v2\nindex 5\n\nx", "c2sp.org/tlog-proof@v1\nindex 05\n\nx",
        "c2sp.org/tlog-proof@v1\nindex -1\n\nx", "c2sp.org/tlog-proof@v1\nindex 5\nAAAA\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 5\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(
            cf_tlog_proof_parse(cf_bytes_from_text(bad[i]), &index, &proof, &found, NULL),
            CF_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tlog_proof__has_the_form_of_the_specification),
        cmocka_unit_test(test_tlog_proof__reads_back_as_written),
        cmocka_unit_test(test_tlog_proof__refuses_what_is_cut_or_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
