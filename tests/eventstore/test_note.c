/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: notes, checkpoints and cosignatures have exactly the bytes that other implementations
 * of C2SP signed-note, tlog-checkpoint and tlog-cosignature make and accept; nothing else is
 * accepted. Shown: on the published vector, byte for byte, and on every kind of damage to it.
 */
#include "core/base/hex.h"
#include "eventstore/checkpoint.h"
#include "tests/support/cmocka.h"
#include "tests/support/temp_dir.h"

#include <sys/stat.h>

#define TEXT "ledger.example/crowdfund\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
#define LOG_LINE                                                                                   \
    "\xe2\x80\x94 ledger.example/crowdfund Ehulh7ib0jBZaT1yder0Ky2hDiDWYOmD1IcS+I/vPngD4lwRlkNGP7" \
    "FE6JwJdckB2a6CMwXeyPsbtRvKpTZaPDMHOQk=\n"
#define WITNESS_LINE                                                                               \
    "\xe2\x80\x94 witness.example/w1 IDJKvgAAAABlU/EAF93eGsnsgAKQpew3+G0JRP+jVVrAUi5fD9Lj3rD6Bppd" \
    "YpS+N9Khgm4AQJTvzKMooW0LNT0Dxs8tHqD6HpiVAw==\n"
#define NOTE TEXT "\n" LOG_LINE WITNESS_LINE
#define LOG_VKEY "ledger.example/crowdfund+121ba587+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define WITNESS_VKEY "witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"

static struct cf_note_signer log_signer, witness_signer;

static void make_signers(void)
{
    uint8_t seed[CF_SIGN_SEED_SIZE];
    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)i;
    assert_int_equal(
        cf_note_signer_make("ledger.example/crowdfund", CF_NOTE_ED25519, seed, &log_signer), CF_OK);
    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)(0x20 + i);
    assert_int_equal(
        cf_note_signer_make("witness.example/w1", CF_NOTE_COSIGNATURE, seed, &witness_signer),
        CF_OK);
}

static void test_note__vector_is_made_byte_for_byte(void **state)
{
    (void)state;
    make_signers();
    struct cf_checkpoint checkpoint = {.origin = "ledger.example/crowdfund", .size = 8};
    assert_int_equal(
        cf_hex_parse(
            CF_BYTES_LITERAL("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
            CF_HASH_SIZE, checkpoint.root.bytes),
        CF_OK);
    struct cf_buf buf;
    cf_buf_init(&buf, 4096);
    assert_int_equal(cf_checkpoint_sign(&checkpoint, &log_signer, &buf), CF_OK);
    assert_int_equal(cf_note_cosign(&witness_signer, CF_BYTES_LITERAL(TEXT), 1700000000, &buf),
                     CF_OK);
    assert_int_equal(buf.size, 323);
    assert_memory_equal(buf.data, NOTE, 323);
    struct cf_hash hash;
    char text[65];
    cf_sha256(cf_buf_bytes(&buf), &hash);
    cf_hex_print(cf_bytes_from(hash.bytes, CF_HASH_SIZE), text);
    assert_string_equal(text, "008113380bc519d4b27589a5d841ca2667d1e07854509485d5fd3c7465344fe3");
    cf_buf_clean_up(&buf);
}

static void test_note__verifier_keys_have_their_text_form(void **state)
{
    (void)state;
    make_signers();
    static const char *const texts[] = {LOG_VKEY, WITNESS_VKEY};
    const struct cf_note_verifier *verifiers[] = {&log_signer.verifier, &witness_signer.verifier};
    for (size_t i = 0; i < 2; i++) {
        struct cf_buf buf;
        cf_buf_init(&buf, 512);
        assert_int_equal(cf_note_verifier_append(verifiers[i], &buf), CF_OK);
        assert_true(cf_bytes_equal(cf_buf_bytes(&buf), cf_bytes_from_text(texts[i])));
        struct cf_note_verifier parsed;
        assert_int_equal(cf_note_verifier_parse(cf_buf_bytes(&buf), &parsed, NULL), CF_OK);
        assert_memory_equal(&parsed, verifiers[i], sizeof parsed);
        /* Any changed character breaks the id, the name, the base64 or the kind. */
        for (size_t at = 0; at < buf.size; at++) {
            buf.data[at] ^= 1;
            assert_int_not_equal(cf_note_verifier_parse(cf_buf_bytes(&buf), &parsed, NULL), CF_OK);
            buf.data[at] ^= 1;
        }
        cf_buf_clean_up(&buf);
    }
    struct cf_note_verifier example;
    assert_int_equal(
        cf_note_verifier_parse(
            CF_BYTES_LITERAL(
                "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"),
            &example, NULL),
        CF_OK);
    assert_string_equal(example.name, "example.com/foo");
    static const char nul[] =
        "witness.example/w1\0+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X";
    assert_int_equal(cf_note_verifier_parse(cf_bytes_from(nul, sizeof nul - 1), &example, NULL),
                     CF_INVALID);
}

static enum cf_status verify(const char *bytes, size_t size,
                             const struct cf_note_verifier *verifiers, size_t count)
{
    struct cf_checkpoint checkpoint;
    return cf_checkpoint_verify(cf_bytes_from(bytes, size), "ledger.example/crowdfund", verifiers,
                                count, &checkpoint, NULL, NULL);
}

static void test_note__verifier_rule_holds(void **state)
{
    (void)state;
    make_signers();
    const struct cf_note_verifier both[] = {log_signer.verifier, witness_signer.verifier};
    assert_int_equal(verify(NOTE, 323, both, 2), CF_OK);
    assert_int_equal(verify(NOTE, 323, both, 1), CF_OK);
    assert_int_equal(verify(NOTE, 323, both + 1, 1), CF_OK);

    /* Nobody known signed: another key of the same name has another id. */
    struct cf_note_verifier stranger;
    uint8_t key[CF_SIGN_PUBLIC_SIZE] = {9};
    assert_int_equal(
        cf_note_verifier_make("ledger.example/crowdfund", CF_NOTE_ED25519, key, &stranger), CF_OK);
    assert_int_equal(verify(NOTE, 323, &stranger, 1), CF_NOT_FOUND);

    /* A known key that does not fit rejects the note though another fits. */
    char damaged[323];
    memcpy(damaged, NOTE, 323);
    damaged[150] = damaged[150] == 'A' ? 'B' : 'A';
    assert_int_equal(verify(damaged, 323, both, 2), CF_DENIED);

    struct cf_note note;
    uint64_t time_s = 0;
    assert_int_equal(cf_note_parse(CF_BYTES_LITERAL(NOTE), &note, NULL), CF_OK);
    assert_int_equal(note.signature_count, 2);
    assert_int_equal(cf_note_check(&note, &witness_signer.verifier, &time_s), CF_OK);
    assert_int_equal(time_s, 1700000000);
}

static void test_note__no_changed_byte_is_accepted(void **state)
{
    (void)state;
    make_signers();
    const struct cf_note_verifier both[] = {log_signer.verifier, witness_signer.verifier};
    for (size_t at = 0; at < 323; at++) {
        for (int bit = 0; bit < 8; bit++) {
            char damaged[323];
            memcpy(damaged, NOTE, 323);
            damaged[at] = (char)(damaged[at] ^ 1 << bit);
            enum cf_status status = verify(damaged, 323, both, 2);
            if (status != CF_OK)
                continue;
            /* What may change: a key's name or id, whose line then is a stranger's. */
            struct cf_note note;
            assert_int_equal(cf_note_parse(cf_bytes_from(damaged, 323), &note, NULL), CF_OK);
            assert_memory_equal(note.text.data, TEXT, sizeof TEXT - 1);
            bool log_missing = cf_note_check(&note, &both[0], NULL) == CF_NOT_FOUND;
            bool witness_missing = cf_note_check(&note, &both[1], NULL) == CF_NOT_FOUND;
            assert_true(log_missing != witness_missing);
        }
    }
    for (size_t size = 0; size < 323 - sizeof WITNESS_LINE; size++)
        assert_int_not_equal(verify(NOTE, size, both, 2), CF_OK);
}

static void test_note__malformed_ones_are_refused(void **state)
{
    (void)state;
    static const struct cf_bytes malformed[] = {
        CF_BYTES_LITERAL(""),
        CF_BYTES_LITERAL("text\n"),
        CF_BYTES_LITERAL("text\n\n"),
        CF_BYTES_LITERAL("\n" LOG_LINE),
        CF_BYTES_LITERAL(TEXT "\n" LOG_LINE "\n"),
        CF_BYTES_LITERAL(TEXT LOG_LINE),
        CF_BYTES_LITERAL(TEXT "\n\xe2\x80\x94 a+b AAAAAAAA\n"),
        CF_BYTES_LITERAL(TEXT "\n\xe2\x80\x94 a\xc2\xa0 AAAAAAAA\n"),
        CF_BYTES_LITERAL(TEXT "\n\xe2\x80\x94  AAAAAAAA\n"),
        CF_BYTES_LITERAL(TEXT "\n\xe2\x80\x94 a AAAA\n"),
        CF_BYTES_LITERAL(TEXT "\n\xe2\x80\x94 a AAAAAAB=\n"),
        CF_BYTES_LITERAL(TEXT "\n- a AAAAAAAA\n"),
        CF_BYTES_LITERAL("a\rb\n\n" LOG_LINE),
        CF_BYTES_LITERAL("a\xc0\x80\n\n" LOG_LINE),
        CF_BYTES_LITERAL("a\xed\xa0\x80\n\n" LOG_LINE),
    };
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        struct cf_note note;
        if (cf_note_parse(malformed[i], &note, NULL) == CF_OK)
            fail_msg("malformed note %zu was accepted", i);
    }

    /* At least sixteen signatures are read; the text is cut at the last empty line. */
    struct cf_buf buf;
    struct cf_note note;
    cf_buf_init(&buf, 8192);
    assert_int_equal(cf_buf_append_text(&buf, "a\n\nb\n\n"), CF_OK);
    for (int i = 0; i < 16; i++)
        assert_int_equal(cf_buf_append_format(&buf, "\xe2\x80\x94 key%d AAAAAAAA\n", i), CF_OK);
    assert_int_equal(cf_note_parse(cf_buf_bytes(&buf), &note, NULL), CF_OK);
    assert_int_equal(note.signature_count, 16);
    assert_true(cf_bytes_equal(note.text, CF_BYTES_LITERAL("a\n\nb\n")));
    cf_buf_clean_up(&buf);
}

static void test_checkpoint__malformed_ones_are_refused(void **state)
{
    (void)state;
    static const char *const malformed[] = {
        "",
        "o\n8\n",
        "o\n08\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
        "o\n\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
        "o\n+8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
        "o\n18446744073709551616\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
        "\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
        "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg\n",
        "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQw==\n",
        "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n",
    };
    struct cf_checkpoint checkpoint;
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        if (cf_checkpoint_parse(cf_bytes_from_text(malformed[i]), &checkpoint, NULL) == CF_OK)
            fail_msg("malformed checkpoint %zu was accepted", i);
    }
    assert_int_equal(cf_checkpoint_parse(CF_BYTES_LITERAL(TEXT "extension\n"), &checkpoint, NULL),
                     CF_OK);
    assert_int_equal(checkpoint.size, 8);
}

static void test_checkpoint__key_file_is_private_and_made_once(void **state)
{
    (void)state;
    struct cf_temp_dir dir;
    cf_temp_dir_make(&dir);
    char path[128];
    snprintf(path, sizeof path, "%s/checkpoint", dir.path);
    struct cf_note_signer made, read;
    assert_int_equal(cf_checkpoint_key_read(path, &read, NULL), CF_NOT_FOUND);
    assert_int_equal(cf_checkpoint_key_create(path, "coffer.local/x", CF_NOTE_ED25519, &made, NULL),
                     CF_OK);
    assert_int_equal(cf_checkpoint_key_create(path, "coffer.local/x", CF_NOTE_ED25519, &made, NULL),
                     CF_CONFLICT);
    assert_int_equal(cf_checkpoint_key_read(path, &read, NULL), CF_OK);
    assert_memory_equal(&read, &made, sizeof made);
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(cf_checkpoint_key_read(path, &read, NULL), CF_DENIED);
    cf_temp_dir_remove(&dir);
}

int main(void)
{
    cf_sodium_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_note__vector_is_made_byte_for_byte),
        cmocka_unit_test(test_note__verifier_keys_have_their_text_form),
        cmocka_unit_test(test_note__verifier_rule_holds),
        cmocka_unit_test(test_note__no_changed_byte_is_accepted),
        cmocka_unit_test(test_note__malformed_ones_are_refused),
        cmocka_unit_test(test_checkpoint__malformed_ones_are_refused),
        cmocka_unit_test(test_checkpoint__key_file_is_private_and_made_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
