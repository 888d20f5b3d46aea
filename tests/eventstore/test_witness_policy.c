/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a policy means what C2SP tlog-policy says, and one that makes no sense is refused with the
 * number of its line. Cosignatures count only where the key fits.
 * Shown: policies and sets of witnesses as tables; a note with a good, a strange and a wrong line.
 */
#include "eventstore/witness_policy.h"

#include "tests/support/cmocka.h"

#include <stdio.h>

/* Witness i has the seed (i, i, …). */
static struct cf_note_signer signer_of(int i)
{
    uint8_t seed[CF_SIGN_SEED_SIZE];
    char name[32];
    struct cf_note_signer signer;
    memset(seed, i, sizeof seed);
    snprintf(name, sizeof name, "witness.example/w%d", i);
    assert_int_equal(cf_note_signer_make(name, CF_NOTE_COSIGNATURE, seed, &signer), CF_OK);
    return signer;
}

/* Three witnesses a, b, c, then `rest`. */
static enum cf_status parse(const char *rest, struct cf_witness_policy *ret_policy,
                            struct cf_fault *reterr_fault)
{
    struct cf_buf text;
    cf_buf_init(&text, 65536);
    assert_int_equal(cf_buf_append_text(&text, "# who watches us\n\n"), CF_OK);
    for (int i = 0; i < 3; i++) {
        struct cf_note_signer signer = signer_of(i);
        assert_int_equal(cf_buf_append_format(&text, "witness %c ", 'a' + i), CF_OK);
        assert_int_equal(cf_note_verifier_append(&signer.verifier, &text), CF_OK);
        assert_int_equal(cf_buf_append_format(&text, "\thttp://w%d.example\n", i), CF_OK);
    }
    assert_int_equal(cf_buf_append_text(&text, rest), CF_OK);
    enum cf_status status = cf_witness_policy_parse(cf_buf_bytes(&text), ret_policy, reterr_fault);
    cf_buf_clean_up(&text);
    return status;
}

enum { A = 1, B = 2, C = 4 };

static void test_witness_policy__holds_with_the_quorum_and_not_below(void **state)
{
    (void)state;
    static const struct {
        const char *rest;
        unsigned holds; /* a bit for each of the eight sets of witnesses */
    } cases[] = {
        {"quorum none\n", 0xff},
        {"quorum a\n", 1 << A | 1 << (A | B) | 1 << (A | C) | 1 << (A | B | C)},
        {"group g any a b\nquorum g", 0xff & ~(1 << 0 | 1 << C)},
        {"group g all a b c\nquorum g\n", 1 << (A | B | C)},
        {"group g 2 a b c\nquorum g\n", 1 << (A | B) | 1 << (A | C) | 1 << (B | C) | 1 << 7},
        {"group inner any a b\ngroup outer all inner c\nquorum outer\n",
         1 << (A | C) | 1 << (B | C) | 1 << 7},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cf_witness_policy policy;
        struct cf_fault fault = {0};
        if (parse(cases[i].rest, &policy, &fault) != CF_OK)
            fail_msg("%s: %s", cases[i].rest, fault.detail);
        assert_int_equal(policy.witness_count, 3);
        assert_string_equal(policy.witnesses[2].url, "http://w2.example");
        for (unsigned set = 0; set < 8; set++) {
            if (cf_witness_policy_holds(&policy, set) != ((cases[i].holds >> set & 1) != 0))
                fail_msg("%s with %u", cases[i].rest, set);
        }
    }
}

static void test_witness_policy__refuses_what_makes_no_sense(void **state)
{
    (void)state;
    static const struct {
        const char *rest;
        const char *says;
    } cases[] = {
        {"", "it has no quorum"},
        {"quorum a\nquorum b\n", "line 7: there is one quorum, with one name"},
        {"quorum nobody\n", "line 6: the quorum is not known"},
        {"group g any a nobody\n", "line 6: a member is not known"},
        {"group g any a a\n", "line 6: a member is named twice"},
        {"group g 3 a b\n", "line 6: a group needs any, all, or a number of its members"},
        {"group g 0 a b\n", "line 6: a group needs any, all, or a number of its members"},
        {"group g 1x a b\n", "line 6: a group needs any, all, or a number of its members"},
        {"group g any\n", "line 6: a group has a name, a number and members"},
        {"group a any b c\n", "line 6: the name is taken"},
        {"group none any b c\n", "line 6: the name is taken"},
        {"witness d nokey http://d\n", "line 6: the key is no witness's key"},
        {"witness d\n", "line 6: a witness has a name, a key and at most a URL"},
        {"log nokey\n", "line 6: the key is no key"},
        {"wittness a b\n", "line 6: a line begins with log, witness, group or quorum"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cf_witness_policy policy;
        struct cf_fault fault = {0};
        assert_int_equal(parse(cases[i].rest, &policy, &fault), CF_INVALID);
        assert_string_equal(fault.detail, cases[i].says);
    }
}

static void test_witness_policy__counts_only_cosignatures_that_fit(void **state)
{
    (void)state;
    struct cf_witness_policy policy;
    struct cf_buf bytes;
    struct cf_note note;
    const struct cf_bytes text = CF_BYTES_LITERAL("ledger.example\n1\nAAAA\n");
    struct cf_note_signer first = signer_of(0), second = signer_of(1), stranger = signer_of(9);
    assert_int_equal(parse("quorum none\n", &policy, NULL), CF_OK);
    cf_buf_init(&bytes, 65536);
    assert_int_equal(cf_buf_append(&bytes, text), CF_OK);
    assert_int_equal(cf_buf_append_byte(&bytes, '\n'), CF_OK);
    assert_int_equal(cf_note_cosign(&stranger, text, 1700000000, &bytes), CF_OK);
    assert_int_equal(cf_note_cosign(&second, text, 1700000000, &bytes), CF_OK);
    /* The first witness cosigned something else. */
    assert_int_equal(cf_note_cosign(&first, CF_BYTES_LITERAL("other\n"), 1700000000, &bytes),
                     CF_OK);
    assert_int_equal(cf_note_parse(cf_buf_bytes(&bytes), &note, NULL), CF_OK);
    assert_int_equal(cf_witness_policy_cosigned(&policy, &note), B);
    cf_buf_clean_up(&bytes);
}

int main(void)
{
    cf_sodium_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_witness_policy__holds_with_the_quorum_and_not_below),
        cmocka_unit_test(test_witness_policy__refuses_what_makes_no_sense),
        cmocka_unit_test(test_witness_policy__counts_only_cosignatures_that_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
