/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: what is sealed opens only for its subject, command and field; a registration's retry
 * gets the same subject; credentials and tickets count as long as they should; an erased subject
 * leaves no byte in any file of the vault and cannot come back, not even with an old backup of the
 * vault. Shown: on real vaults in a temporary folder, searching their files for the bytes of each
 * row.
 */
#include "eventstore/vault_private.h"

#include "core/base/scope.h"
#include "tests/support/authenticator.h"
#include "tests/support/cmocka.h"
#include "tests/support/files_with.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW_US INT64_C(1800000000000000)
#define EMAIL CF_BYTES_LITERAL("Ada@Example.org")
#define KEY CF_BYTES_LITERAL("key-1")
#define NAME CF_BYTES_LITERAL("display_name")

struct place {
    char folder[64];
    char directory[80];
    char master[80];
    struct cf_vault *vault;
};

static void open_vault(struct place *place)
{
    struct cf_fault fault = {0};
    enum cf_status status = cf_vault_open(place->directory, place->master, &place->vault, &fault);
    if (status != CF_OK)
        fail_msg("%s: %s %s", cf_status_name(status), fault.text, fault.detail);
}

static int make_place(void **state)
{
    cf_sodium_init();
    struct place *place = calloc(1, sizeof *place);
    snprintf(place->folder, sizeof place->folder, "/tmp/cf-vault-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->directory, sizeof place->directory, "%s/vault", place->folder);
    snprintf(place->master, sizeof place->master, "%s/master", place->folder);
    open_vault(place);
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;
    char command[160];
    cf_vault_close(place->vault);
    snprintf(command, sizeof command, "rm -r %s", place->folder);
    assert_int_equal(system(command), 0);
    free(place);
    return 0;
}

static void begin(struct place *place)
{
    assert_int_equal(cf_vault_begin(place->vault, NULL), CF_OK);
}

static void commit(struct place *place)
{
    assert_int_equal(cf_vault_commit(place->vault, NULL), CF_OK);
}

/* A record of an event, decoded from its bytes as the log would hand it out. */
struct stored {
    uint8_t bytes[4096];
    struct cf_record record;
};

static void store(struct stored *stored, uint64_t sequence, struct cf_bytes key,
                  const struct cf_event *event)
{
    struct cf_id stream = {.bytes = {9}};
    struct cf_record record = {.sequence = sequence,
                               .time_us = NOW_US,
                               .stream_version = 1,
                               .stream_id = stream,
                               .actor_id = stream,
                               .idempotency_key = key};
    struct cf_wire_writer writer = cf_wire_writer_fixed(stored->bytes, sizeof stored->bytes);
    cf_record_encode_event(&record, event, &writer);
    assert_int_equal(cf_wire_writer_finish(&writer), CF_OK);
    assert_int_equal(
        cf_record_decode(cf_bytes_from(stored->bytes, writer.size), &stored->record, NULL), CF_OK);
}

/* Reserves and confirms, as a registration does. */
static struct cf_id register_person(struct place *place, uint64_t sequence, struct cf_bytes email,
                                    struct cf_bytes key)
{
    struct cf_id subject;
    struct cf_buf sealed;
    uint8_t tag[CF_VAULT_TAG_SIZE];
    cf_buf_init(&sealed, 1024);
    begin(place);
    assert_int_equal(cf_vault_reserve(place->vault, email, key, NOW_US, &subject, NULL), CF_OK);
    struct cf_vault_field field = {subject, key, CF_BYTES_LITERAL("email")};
    assert_int_equal(cf_vault_seal(place->vault, &field, email, &sealed, tag, NULL), CF_OK);
    struct cf_event event = {.type = CF_EVENT_USER_REGISTERED,
                             .user_registered = {.user_id = subject,
                                                 .email = {cf_buf_bytes(&sealed)},
                                                 .terms_version = CF_BYTES_LITERAL("1")}};
    struct stored stored;
    store(&stored, sequence, key, &event);
    assert_int_equal(cf_vault_apply(place->vault, &stored.record, NULL), CF_OK);
    commit(place);
    cf_buf_clean_up(&sealed);
    return subject;
}

static void erase_person(struct place *place, uint64_t sequence, struct cf_id subject)
{
    struct cf_event event = {.type = CF_EVENT_SUBJECT_ERASED,
                             .subject_erased = {.subject_id = subject, .newest = sequence - 1}};
    struct stored stored;
    store(&stored, sequence, KEY, &event);
    begin(place);
    assert_int_equal(cf_vault_apply(place->vault, &stored.record, NULL), CF_OK);
    commit(place);
}

/* ---- Sealing ---- */

static void test_seal__opens_for_its_subject_command_and_field_alone(void **state)
{
    struct place *place = *state;
    struct cf_id ada = {.bytes = {1}}, bob = {.bytes = {2}};
    struct cf_vault_field field = {ada, KEY, NAME};
    struct cf_bytes clear = CF_BYTES_LITERAL("Ada Lovelace");
    struct cf_buf sealed, again, opened;
    uint8_t tag[CF_VAULT_TAG_SIZE], tag_again[CF_VAULT_TAG_SIZE];
    cf_buf_init(&sealed, 1024);
    cf_buf_init(&again, 1024);
    cf_buf_init(&opened, 1024);
    begin(place);
    assert_int_equal(cf_vault_seal(place->vault, &field, clear, &sealed, tag, NULL), CF_NOT_FOUND);
    assert_int_equal(cf_vault_key_make(place->vault, ada, NULL), CF_OK);
    assert_int_equal(cf_vault_key_make(place->vault, bob, NULL), CF_OK);
    assert_int_equal(cf_vault_seal(place->vault, &field, clear, &sealed, tag, NULL), CF_OK);
    assert_int_equal(sealed.size, clear.size + CF_VAULT_SEAL_OVERHEAD);
    assert_null(memmem(sealed.data, sealed.size, "Ada", 3));

    assert_int_equal(cf_vault_unseal(place->vault, &field, cf_buf_bytes(&sealed), &opened, NULL),
                     CF_OK);
    assert_true(cf_bytes_equal(cf_buf_bytes(&opened), clear));
    struct cf_vault_field others[] = {{bob, KEY, NAME},
                                      {ada, CF_BYTES_LITERAL("key-2"), NAME},
                                      {ada, KEY, CF_BYTES_LITERAL("biography")},
                                      {ada, KEY, CF_BYTES_LITERAL("display_nam")}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(
            cf_vault_unseal(place->vault, &others[i], cf_buf_bytes(&sealed), &opened, NULL),
            CF_CORRUPT);
    struct cf_vault_field by_subject = {.subject_id = ada};
    assert_int_equal(
        cf_vault_unseal(place->vault, &by_subject, cf_buf_bytes(&sealed), &opened, NULL), CF_OK);
    for (size_t i = 0; i < sealed.size; i++) {
        sealed.data[i] ^= 1;
        assert_int_equal(
            cf_vault_unseal(place->vault, &by_subject, cf_buf_bytes(&sealed), &opened, NULL),
            CF_CORRUPT);
        sealed.data[i] ^= 1;
    }

    /* A retry: other bytes, the same tag. Other content, field or command: another tag. */
    assert_int_equal(cf_vault_seal(place->vault, &field, clear, &again, tag_again, NULL), CF_OK);
    assert_memory_not_equal(sealed.data, again.data, sealed.size);
    assert_memory_equal(tag, tag_again, sizeof tag);
    assert_int_equal(cf_vault_seal(place->vault, &field, CF_BYTES_LITERAL("Ada Lovelacf"), &again,
                                   tag_again, NULL),
                     CF_OK);
    assert_memory_not_equal(tag, tag_again, sizeof tag);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(cf_vault_seal(place->vault, &others[i], clear, &again, tag_again, NULL),
                         CF_OK);
        assert_memory_not_equal(tag, tag_again, sizeof tag);
    }
    commit(place);
    cf_buf_clean_up(&sealed);
    cf_buf_clean_up(&again);
    cf_buf_clean_up(&opened);
}

static void test_open__needs_its_own_master_key(void **state)
{
    struct place *place = *state;
    struct stat info;
    assert_int_equal(stat(place->master, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    cf_vault_close(CF_TAKE(place->vault));

    char kept[96];
    snprintf(kept, sizeof kept, "%s.kept", place->master);
    assert_int_equal(rename(place->master, kept), 0);
    assert_int_equal(cf_vault_open(place->directory, place->master, &place->vault, NULL),
                     CF_CORRUPT);
    int fd = open(place->master, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "another key of thirty-two bytes!", 32), 32);
    close(fd);
    assert_int_equal(cf_vault_open(place->directory, place->master, &place->vault, NULL),
                     CF_CORRUPT);
    assert_int_equal(rename(kept, place->master), 0);
    assert_int_equal(chmod(place->master, 0644), 0);
    assert_int_equal(cf_vault_open(place->directory, place->master, &place->vault, NULL),
                     CF_DENIED);
    assert_int_equal(chmod(place->master, 0600), 0);
    open_vault(place);
}

static void test_open__one_keeper_has_the_vault(void **state)
{
    struct place *place = *state;
    struct cf_vault *second;
    assert_int_equal(cf_vault_open(place->directory, place->master, &second, NULL), CF_CONFLICT);
}

/* ---- Registration ---- */

static void test_reserve__a_retry_gets_the_same_subject(void **state)
{
    struct place *place = *state;
    struct cf_id first, again;
    begin(place);
    assert_int_equal(cf_vault_reserve(place->vault, EMAIL, KEY, NOW_US, &first, NULL), CF_OK);
    commit(place);
    cf_vault_close(CF_TAKE(place->vault)); /* the process may die in between */
    open_vault(place);
    begin(place);
    assert_int_equal(cf_vault_reserve(place->vault, CF_BYTES_LITERAL(" ada@example.ORG "), KEY,
                                      NOW_US + 1, &again, NULL),
                     CF_OK);
    assert_true(cf_id_equal(first, again));
    assert_int_equal(
        cf_vault_reserve(place->vault, EMAIL, CF_BYTES_LITERAL("other"), NOW_US, &again, NULL),
        CF_CONFLICT);
    assert_int_equal(cf_vault_find(place->vault, EMAIL, &again, NULL), CF_NOT_FOUND);
    commit(place);

    struct cf_id registered = register_person(place, 1, EMAIL, KEY);
    assert_true(cf_id_equal(first, registered));
    begin(place);
    assert_int_equal(cf_vault_find(place->vault, EMAIL, &again, NULL), CF_OK);
    assert_true(cf_id_equal(first, again));
    /* Even now: the retry reaches the writer, which gives the first outcome. */
    assert_int_equal(cf_vault_reserve(place->vault, EMAIL, KEY, NOW_US, &again, NULL), CF_OK);
    assert_true(cf_id_equal(first, again));
    commit(place);
}

static void test_reserve__expires_unless_it_is_confirmed(void **state)
{
    struct place *place = *state;
    struct cf_id lost, kept, found;
    struct cf_bytes other = CF_BYTES_LITERAL("bob@example.org");
    begin(place);
    assert_int_equal(cf_vault_reserve(place->vault, EMAIL, KEY, NOW_US, &lost, NULL), CF_OK);
    commit(place);
    kept = register_person(place, 1, other, CF_BYTES_LITERAL("key-2"));
    begin(place);
    assert_int_equal(cf_vault_sweep(place->vault, NOW_US + CF_VAULT_RESERVATION_US - 1, NULL),
                     CF_OK);
    assert_int_equal(cf_vault_key_make(place->vault, lost, NULL), CF_OK);
    assert_int_equal(cf_vault_reserve(place->vault, EMAIL, KEY, NOW_US, &found, NULL), CF_OK);
    assert_true(cf_id_equal(lost, found));
    assert_int_equal(cf_vault_sweep(place->vault, NOW_US + CF_VAULT_RESERVATION_US, NULL), CF_OK);
    struct cf_bytes row;
    assert_int_equal(cf_vault__get(place->vault, CF_VAULT_KEYS, cf_id_bytes(&lost), &row, NULL),
                     CF_NOT_FOUND);
    assert_int_equal(
        cf_vault_reserve(place->vault, EMAIL, CF_BYTES_LITERAL("later"), NOW_US, &found, NULL),
        CF_OK);
    assert_false(cf_id_equal(lost, found));
    assert_int_equal(cf_vault_find(place->vault, other, &found, NULL), CF_OK);
    assert_true(cf_id_equal(kept, found));
    commit(place);
}

static void test_reserve__refuses_what_is_no_address(void **state)
{
    struct place *place = *state;
    static const char *const bad[] = {"", "@", "a@", "@b", "ab", "a@b@c", "a b@c", "a\t@c"};
    struct cf_id subject;
    begin(place);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(
            cf_vault_reserve(place->vault, cf_bytes_from_text(bad[i]), KEY, NOW_US, &subject, NULL),
            CF_INVALID);
    commit(place);
}

static void test_email__changes_with_the_record_that_says_so(void **state)
{
    struct place *place = *state;
    struct cf_bytes next = CF_BYTES_LITERAL("countess@example.org");
    struct cf_bytes key = CF_BYTES_LITERAL("change");
    struct cf_id ada = register_person(place, 1, EMAIL, KEY), found;
    struct cf_id bob =
        register_person(place, 2, CF_BYTES_LITERAL("bob@example.org"), CF_BYTES_LITERAL("key-2"));
    struct cf_buf sealed;
    uint8_t tag[CF_VAULT_TAG_SIZE];
    cf_buf_init(&sealed, 1024);
    begin(place);
    assert_int_equal(cf_vault_reserve_for(place->vault, ada, next, key, NOW_US, NULL), CF_OK);
    assert_int_equal(cf_vault_reserve_for(place->vault, bob, next, key, NOW_US, NULL), CF_CONFLICT);
    struct cf_vault_field field = {ada, key, CF_BYTES_LITERAL("email")};
    assert_int_equal(cf_vault_seal(place->vault, &field, next, &sealed, tag, NULL), CF_OK);
    assert_int_equal(cf_vault_find(place->vault, next, &found, NULL), CF_NOT_FOUND);
    struct cf_event event = {
        .type = CF_EVENT_USER_EMAIL_CHANGED,
        .user_email_changed = {.user_id = ada, .email = {cf_buf_bytes(&sealed)}}};
    struct stored stored;
    store(&stored, 3, key, &event);
    assert_int_equal(cf_vault_apply(place->vault, &stored.record, NULL), CF_OK);
    assert_int_equal(cf_vault_find(place->vault, next, &found, NULL), CF_OK);
    assert_true(cf_id_equal(ada, found));
    assert_int_equal(cf_vault_find(place->vault, EMAIL, &found, NULL), CF_NOT_FOUND);

    /* A record whose address does not open is said so, and the vault goes on behind it. */
    sealed.data[sealed.size - 1] ^= 1;
    store(&stored, 4, key, &event);
    assert_int_equal(cf_vault_apply(place->vault, &stored.record, NULL), CF_CORRUPT);
    uint64_t position;
    assert_int_equal(cf_vault_position(place->vault, &position, NULL), CF_OK);
    assert_int_equal(position, 4);
    commit(place);
    cf_buf_clean_up(&sealed);
}

/* ---- Credentials and tickets ---- */

static void test_password__is_kept_and_compared(void **state)
{
    struct place *place = *state;
    struct cf_id ada = register_person(place, 1, EMAIL, KEY);
    char text[CF_PASSWORD_HASH_SIZE], kept[CF_PASSWORD_HASH_SIZE];
    begin(place);
    assert_int_equal(cf_vault_password_get(place->vault, ada, kept, NULL), CF_OK);
    assert_string_equal(kept, "");
    assert_int_equal(cf_password_hash(CF_BYTES_LITERAL("difference engine"), text), CF_OK);
    assert_int_equal(cf_vault_password_set(place->vault, ada, text, NULL), CF_OK);
    commit(place);
    begin(place);
    assert_int_equal(cf_vault_password_get(place->vault, ada, kept, NULL), CF_OK);
    commit(place);
    assert_int_equal(strncmp(kept, "$argon2id$", 10), 0);
    assert_true(cf_password_matches(kept, CF_BYTES_LITERAL("difference engine")));
    assert_false(cf_password_matches(kept, CF_BYTES_LITERAL("difference engin")));
}

static void test_second_factor__counts_each_code_once(void **state)
{
    struct place *place = *state;
    struct cf_id ada = register_person(place, 1, EMAIL, KEY);
    char secret[CF_TOTP_TEXT_SIZE], code[7];
    char recovery[CF_VAULT_RECOVERY_CODES][CF_VAULT_RECOVERY_SIZE];
    struct cf_vault *vault = place->vault;
    begin(place);
    assert_int_equal(cf_vault_second_factor(vault, ada, cf_bytes_from(NULL, 0), NOW_US, NULL),
                     CF_OK);
    assert_int_equal(cf_vault_totp_begin(vault, ada, secret, NULL), CF_OK);
    /* Begun is not on. */
    assert_int_equal(cf_vault_second_factor(vault, ada, cf_bytes_from(NULL, 0), NOW_US, NULL),
                     CF_OK);
    assert_int_equal(
        cf_vault_totp_confirm(vault, ada, CF_BYTES_LITERAL("00000"), NOW_US, recovery, NULL),
        CF_DENIED);
    authenticator_code(secret, NOW_US, code);
    assert_int_equal(
        cf_vault_totp_confirm(vault, ada, cf_bytes_from_text(code), NOW_US, recovery, NULL), CF_OK);
    assert_int_equal(cf_vault_second_factor(vault, ada, cf_bytes_from(NULL, 0), NOW_US, NULL),
                     CF_RETRY);
    /* The confirming code was used up; the next step's counts once; old ones no more. */
    assert_int_equal(cf_vault_second_factor(vault, ada, cf_bytes_from_text(code), NOW_US, NULL),
                     CF_DENIED);
    int64_t later_us = NOW_US + 60000000;
    authenticator_code(secret, later_us, code);
    assert_int_equal(cf_vault_second_factor(vault, ada, cf_bytes_from_text(code), later_us, NULL),
                     CF_OK);
    assert_int_equal(cf_vault_second_factor(vault, ada, cf_bytes_from_text(code), later_us, NULL),
                     CF_DENIED);
    authenticator_code(secret, later_us - 30000000, code);
    assert_int_equal(cf_vault_second_factor(vault, ada, cf_bytes_from_text(code), later_us, NULL),
                     CF_DENIED);
    for (int i = 0; i < CF_VAULT_RECOVERY_CODES; i++) {
        struct cf_bytes text = cf_bytes_from_text(recovery[i]);
        assert_int_equal(cf_vault_second_factor(vault, ada, text, later_us, NULL), CF_OK);
        assert_int_equal(cf_vault_second_factor(vault, ada, text, later_us, NULL), CF_DENIED);
    }
    assert_int_equal(cf_vault_totp_begin(vault, ada, secret, NULL), CF_CONFLICT);
    assert_int_equal(cf_vault_totp_disable(vault, ada, NULL), CF_OK);
    assert_int_equal(cf_vault_second_factor(vault, ada, cf_bytes_from(NULL, 0), NOW_US, NULL),
                     CF_OK);
    commit(place);
}

static void test_totp__has_the_codes_of_rfc_6238(void **state)
{
    (void)state;
    /* Appendix B, SHA-1, the last six of its eight digits. */
    static const struct {
        int64_t time_s;
        const char *code;
    } rows[] = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
                {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
    const uint8_t *secret = (const uint8_t *)"12345678901234567890";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char code[7];
        uint64_t step;
        cf_totp_code(secret, rows[i].time_s * 1000000, code);
        assert_string_equal(code, rows[i].code);
        assert_true(cf_totp_check(secret, rows[i].time_s * 1000000, 0,
                                  cf_bytes_from_text(rows[i].code), &step));
        assert_int_equal(step, rows[i].time_s / 30);
    }
}

static void test_ticket__counts_for_its_purpose_until_it_ends(void **state)
{
    struct place *place = *state;
    struct cf_vault *vault = place->vault;
    struct cf_id ada = register_person(place, 1, EMAIL, KEY), found;
    struct cf_id bob =
        register_person(place, 2, CF_BYTES_LITERAL("bob@example.org"), CF_BYTES_LITERAL("key-2"));
    char session[2][CF_VAULT_TOKEN_SIZE], reset[CF_VAULT_TOKEN_SIZE], bobs[CF_VAULT_TOKEN_SIZE];
    begin(place);
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            cf_vault_ticket_make(vault, ada, 1, NOW_US, NOW_US + 100, session[i], NULL), CF_OK);
    assert_int_equal(cf_vault_ticket_make(vault, ada, 2, NOW_US, NOW_US + 100, reset, NULL), CF_OK);
    assert_int_equal(cf_vault_ticket_make(vault, bob, 1, NOW_US, NOW_US + 100, bobs, NULL), CF_OK);
    assert_int_equal(cf_vault_ticket_make(vault, bob, 1, NOW_US, NOW_US, bobs, NULL), CF_INVALID);
    struct cf_bytes first = cf_bytes_from_text(session[0]), link = cf_bytes_from_text(reset);
    assert_int_equal(cf_vault_ticket_check(vault, first, 1, NOW_US + 99, false, &found, NULL),
                     CF_OK);
    assert_true(cf_id_equal(found, ada));
    assert_int_equal(cf_vault_ticket_check(vault, first, 2, NOW_US, false, &found, NULL),
                     CF_NOT_FOUND);
    assert_int_equal(cf_vault_ticket_check(vault, first, 1, NOW_US + 100, false, &found, NULL),
                     CF_NOT_FOUND);
    assert_int_equal(cf_vault_ticket_check(vault, link, 2, NOW_US, true, &found, NULL), CF_OK);
    assert_int_equal(cf_vault_ticket_check(vault, link, 2, NOW_US, true, &found, NULL),
                     CF_NOT_FOUND);
    assert_int_equal(cf_vault_ticket_revoke(vault, ada, 0, NULL), CF_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(cf_vault_ticket_check(vault, cf_bytes_from_text(session[i]), 1, NOW_US,
                                               false, &found, NULL),
                         CF_NOT_FOUND);
    assert_int_equal(
        cf_vault_ticket_check(vault, cf_bytes_from_text(bobs), 1, NOW_US, false, &found, NULL),
        CF_OK);
    assert_int_equal(cf_vault_sweep(vault, NOW_US + 100, NULL), CF_OK);
    uint64_t count;
    assert_int_equal(cf_lmdb_table_count(vault->txn, vault->tables[CF_VAULT_TICKETS], &count, NULL),
                     CF_OK);
    assert_int_equal(count, 0);
    commit(place);
}

/* ---- Erasure ---- */

struct needle {
    uint8_t bytes[512];
    size_t size;
};

/* How many files below the folder hold the bytes. */
static int files_with(const char *folder, const struct needle *needle)
{
    return cf_files_with(folder, cf_bytes_from(needle->bytes, needle->size));
}

static struct needle row_of(struct cf_vault *vault, enum cf_vault_table table, struct cf_bytes key)
{
    struct needle needle;
    struct cf_bytes row;
    assert_int_equal(cf_vault__get(vault, table, key, &row, NULL), CF_OK);
    assert_true(row.size <= sizeof needle.bytes);
    needle.size = row.size;
    memcpy(needle.bytes, row.data, row.size);
    return needle;
}

static struct needle hash_of(const struct cf_vault_holding *holding)
{
    struct needle needle = {.size = CF_HASH_SIZE};
    memcpy(needle.bytes, holding->hash.bytes, CF_HASH_SIZE);
    return needle;
}

#define NEEDLES 4

/* A person with all that the vault can hold, among others, and what of it lies in the files. */
static struct cf_id make_person_to_forget(struct place *place, struct needle needles[NEEDLES])
{
    struct cf_id ada = register_person(place, 1, EMAIL, KEY);
    char text[CF_PASSWORD_HASH_SIZE] = "$argon2id$ada", token[CF_VAULT_TOKEN_SIZE];
    for (uint64_t i = 2; i < 60; i++) {
        char email[32], key[32];
        snprintf(email, sizeof email, "p%d@example.org", (int)i);
        snprintf(key, sizeof key, "registration-%d", (int)i);
        struct cf_id other =
            register_person(place, i, cf_bytes_from_text(email), cf_bytes_from_text(key));
        begin(place);
        assert_int_equal(cf_vault_password_set(place->vault, other, text, NULL), CF_OK);
        assert_int_equal(
            cf_vault_ticket_make(place->vault, other, 1, NOW_US, NOW_US + 100, token, NULL), CF_OK);
        /* Ada's rows move from page to page meanwhile, and leave copies behind. */
        assert_int_equal(cf_vault_password_set(place->vault, ada, text, NULL), CF_OK);
        commit(place);
    }
    begin(place);
    assert_int_equal(cf_vault_ticket_make(place->vault, ada, 1, NOW_US, NOW_US + 100, token, NULL),
                     CF_OK);
    needles[0] = row_of(place->vault, CF_VAULT_KEYS, cf_id_bytes(&ada));
    needles[1] = row_of(place->vault, CF_VAULT_ACCOUNTS, cf_id_bytes(&ada));
    struct cf_vault_holding holding;
    assert_int_equal(
        cf_vault__holding_of(place->vault, ada, CF_VAULT_KIND_EMAIL, NULL, &holding, NULL), CF_OK);
    needles[2] = hash_of(&holding);
    assert_int_equal(
        cf_vault__holding_of(place->vault, ada, CF_VAULT_KIND_TICKET, NULL, &holding, NULL), CF_OK);
    needles[3] = hash_of(&holding);
    commit(place);
    for (int i = 0; i < NEEDLES; i++)
        assert_int_equal(files_with(place->folder, &needles[i]), 1);
    return ada;
}

static void assert_forgotten(struct place *place, struct cf_id ada)
{
    struct cf_id found;
    struct cf_bytes row;
    char text[CF_PASSWORD_HASH_SIZE];
    begin(place);
    assert_int_equal(cf_vault__get(place->vault, CF_VAULT_KEYS, cf_id_bytes(&ada), &row, NULL),
                     CF_NOT_FOUND);
    assert_int_equal(cf_vault_find(place->vault, EMAIL, &found, NULL), CF_NOT_FOUND);
    assert_int_equal(cf_vault_password_get(place->vault, ada, text, NULL), CF_NOT_FOUND);
    assert_int_equal(cf_vault_key_make(place->vault, ada, NULL), CF_DENIED);
    commit(place);
}

static void test_erasure__leaves_no_byte_in_any_file(void **state)
{
    struct place *place = *state;
    struct needle needles[NEEDLES];
    struct cf_id ada = make_person_to_forget(place, needles);
    erase_person(place, 100, ada);
    /* The rows are gone, but freed pages still hold some: this is what compacting is for. */
    assert_true(files_with(place->folder, &needles[0]) > 0);
    assert_int_equal(cf_vault_compact(place->vault, NULL), CF_OK);
    for (int i = 0; i < NEEDLES; i++)
        assert_int_equal(files_with(place->folder, &needles[i]), 0);
    assert_forgotten(place, ada);

    /* Nobody else was touched. */
    struct cf_id found;
    char text[CF_PASSWORD_HASH_SIZE];
    begin(place);
    assert_int_equal(cf_vault_find(place->vault, CF_BYTES_LITERAL("p7@example.org"), &found, NULL),
                     CF_OK);
    assert_int_equal(cf_vault_password_get(place->vault, found, text, NULL), CF_OK);
    assert_string_equal(text, "$argon2id$ada");
    commit(place);
    assert_int_equal(cf_vault_compact(place->vault, NULL), CF_OK); /* nothing to do */
}

static void test_erasure__is_finished_at_the_next_start(void **state)
{
    struct place *place = *state;
    struct needle needles[NEEDLES];
    struct cf_id ada = make_person_to_forget(place, needles);
    erase_person(place, 100, ada);
    cf_vault_close(CF_TAKE(place->vault)); /* dies before it compacts */
    open_vault(place);
    for (int i = 0; i < NEEDLES; i++)
        assert_int_equal(files_with(place->folder, &needles[i]), 0);
    assert_forgotten(place, ada);
}

static void test_erasure__an_old_backup_does_not_bring_anybody_back(void **state)
{
    struct place *place = *state;
    struct needle needles[NEEDLES];
    char command[256];
    struct cf_id ada = make_person_to_forget(place, needles);
    cf_vault_close(CF_TAKE(place->vault));
    snprintf(command, sizeof command, "cp -r %s %s.old", place->directory, place->directory);
    assert_int_equal(system(command), 0);
    open_vault(place);
    erase_person(place, 100, ada);
    assert_int_equal(cf_vault_compact(place->vault, NULL), CF_OK);
    cf_vault_close(CF_TAKE(place->vault));
    snprintf(command, sizeof command, "rm -r %s && mv %s.old %s", place->directory,
             place->directory, place->directory);
    assert_int_equal(system(command), 0);
    open_vault(place);

    /* The backup knows where it stands, so the log's newer records are applied again. */
    uint64_t position;
    begin(place);
    assert_int_equal(cf_vault_position(place->vault, &position, NULL), CF_OK);
    commit(place);
    assert_true(position < 100);
    erase_person(place, 100, ada);
    assert_int_equal(cf_vault_compact(place->vault, NULL), CF_OK);
    for (int i = 0; i < NEEDLES; i++)
        assert_int_equal(files_with(place->folder, &needles[i]), 0);
    assert_forgotten(place, ada);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_seal__opens_for_its_subject_command_and_field_alone),
        TEST(test_open__needs_its_own_master_key),
        TEST(test_open__one_keeper_has_the_vault),
        TEST(test_reserve__a_retry_gets_the_same_subject),
        TEST(test_reserve__expires_unless_it_is_confirmed),
        TEST(test_reserve__refuses_what_is_no_address),
        TEST(test_email__changes_with_the_record_that_says_so),
        TEST(test_password__is_kept_and_compared),
        TEST(test_second_factor__counts_each_code_once),
        cmocka_unit_test(test_totp__has_the_codes_of_rfc_6238),
        TEST(test_ticket__counts_for_its_purpose_until_it_ends),
        TEST(test_erasure__leaves_no_byte_in_any_file),
        TEST(test_erasure__is_finished_at_the_next_start),
        TEST(test_erasure__an_old_backup_does_not_bring_anybody_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
